//! Words to whoever started this program. A reader who went away (a closed pipe, a full disk) ends neither a drill nor
//! what is still to be kept of it, as the standard macros would.

/// A line to stdout.
#[macro_export]
macro_rules! say {
    ($($words:tt)*) => {{ let _ = std::io::Write::write_fmt(&mut std::io::stdout(), format_args!("{}\n", format_args!($($words)*))); }};
}

/// A line to stderr.
#[macro_export]
macro_rules! aside {
    ($($words:tt)*) => {{ let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{}\n", format_args!($($words)*))); }};
}
