//! The figures of `make bench`: each measured in this run, beside something else measured in this run.
//!
//! They are printed as a table and written to `target/bench/*.json`. Nothing fails here because it was slow.

mod bundle;
mod figure;
mod fingerprint;
mod house;
mod orders;
mod pair;
mod restore;
mod scan;

use std::process::ExitCode;

use figure::Figure;

/// What a person may ask for by name: `make bench` takes all, `make bench ONLY=bundle` one.
const GROUPS: [&str; 3] = ["bundle", "fingerprint", "restore"];
/// Only by its name: it takes long.
const TENFOLD: &str = "fingerprint-10x";

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    // A measured part is a process of its own, so that its memory is its own.
    if args.first().is_some_and(|a| a == "--part") {
        args.remove(0);
        runtime.block_on(house::part(&args));
        return ExitCode::SUCCESS;
    }
    let wanted: Vec<&str> = if args.is_empty() { GROUPS.to_vec() } else { args.iter().map(String::as_str).collect() };
    let mut figures: Vec<Figure> = Vec::new();
    for group in wanted {
        match group {
            "bundle" => figures.extend(runtime.block_on(bundle::figures())),
            "fingerprint" => figures.extend(runtime.block_on(fingerprint::figures())),
            "restore" => figures.extend(runtime.block_on(restore::figures())),
            TENFOLD => figures.extend(runtime.block_on(fingerprint::tenfold())),
            other => {
                eprintln!("there is no group {other}; there are: {}, {TENFOLD}", GROUPS.join(", "));
                return ExitCode::from(2);
            }
        }
    }
    figure::print(&figures);
    ExitCode::SUCCESS
}
