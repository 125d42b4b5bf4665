-- Reductions that end soon are to be reviewed (E-56, S2-2.4): home counts them at every visit of who asks for them.
create index rent_reduction_ending on rent_reduction (district_id, to_on) where status = 'APPROVED';
create index rent_reduction_ending_estate on rent_reduction (estate_id, to_on) where status = 'APPROVED';
