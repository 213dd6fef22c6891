//! View parts shared by pages.
