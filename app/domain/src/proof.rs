//! The proof code: hashing, tree, checkpoint, signatures, bundle, verify.
