//! What runs, tested as a whole; one module per part of `src`.

mod bundle;
mod packet;
