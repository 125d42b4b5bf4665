//! `server`: see `server --help`.

use std::process::ExitCode;

/// Pages are made of a great many small pieces of text; the C library's allocator took an eighth of the time of the home
/// page.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    server::command::run()
}
