//! The cases that every store passes.
