//! The two derives of `vestibule-core`, which re-exports and documents them.
//!
//! Both turn a struct into data and nothing else: [`Model`] into the fields of a table, [`Shape`]
//! into the type of an input or output. All behaviour stands in `vestibule-core`.

mod field_names;
mod model;
mod shape;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct the row of a model.
///
/// ```ignore
/// /// A person.
/// #[derive(Model)]
/// #[model(name = "user")]
/// pub struct User {
///     #[field(id)]
///     pub id: String,
///     #[field(unique)]
///     pub email: String,
///     #[field(input = false, default = false)]
///     pub email_verified: bool,
///     pub image: Option<String>,
///     #[field(default = now, touched)]
///     pub updated_at: Timestamp,
///     pub extra: Extra,
/// }
/// ```
///
/// The struct's order is the table's; `id` stands first and `extra` last. `Option` means nullable.
/// Field attributes: `id`, `unique`, `index`, `references = "model"`, `input = false`,
/// `returned = false`, `default = now` or a literal, `touched` (set to now by each update), `big`.
/// Each field becomes a typed column, such as `User::EMAIL_VERIFIED`; serializing the struct gives
/// what answers show of it.
#[proc_macro_derive(Model, attributes(model, field))]
pub fn derive_model(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    model::derive(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Describes a struct as input or output of an endpoint: validation and OpenAPI come from it.
///
/// Names follow `#[serde(rename_all, rename)]`. Doc comments become the OpenAPI text.
/// Field attributes: `#[shape(email)]`, `#[shape(min_length = 1)]`; `#[serde(flatten)]` on a map
/// keeps unknown keys, and `#[shape(extended_by = "user")]` on it says that the additional fields of
/// that model are among them.
#[proc_macro_derive(Shape, attributes(shape))]
pub fn derive_shape(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    shape::derive(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
