//! The server as its users meet it: a process, a working directory, an environment, a socket.

mod backends;
mod commands;
mod config;
mod cors;
mod doctor;
mod environment;
mod generate;
mod init;
mod inspect;
mod jwt;
mod limits;
mod outbox;
mod pages;
mod reconcile;
mod server;
mod signals;
mod start;
mod webhooks;
