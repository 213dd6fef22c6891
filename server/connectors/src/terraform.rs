//! Terraform (and OpenTofu): whether a drill's workspace is gone.
//! Formats: <https://developer.hashicorp.com/terraform/internals/machine-readable-ui> and
//! <https://developer.hashicorp.com/terraform/internals/json-format>. Neither names the workspace or proves more than
//! Terraform knew; values may be secrets and are never kept.

mod destroy;
mod state;

pub use destroy::DESTROY;
pub use state::STATE;
