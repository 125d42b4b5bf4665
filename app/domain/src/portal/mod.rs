//! What tenants see and do on their own telephones (domain.md S4-2.x): the code that lets them in, and what their pages carry.

pub mod sign_in;
pub mod view;
