//! Plugins together: none knows another, and all of them meet in one server.

mod backends;
