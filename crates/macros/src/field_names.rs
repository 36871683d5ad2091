//! What both derives read of a field: its wire name and its documentation.

use syn::{Attribute, Data, DeriveInput, Expr, Field, Fields, Lit, Meta, Type};

/// The named fields of a struct, or an error that says so.
pub(crate) fn named_fields<'a>(
    input: &'a DeriveInput,
    derive: &str,
) -> syn::Result<Vec<&'a Field>> {
    let message = format!("derive({derive}) needs a struct with named fields");
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields.named.iter().collect()),
            _ => Err(syn::Error::new_spanned(&input.ident, message)),
        },
        _ => Err(syn::Error::new_spanned(&input.ident, message)),
    }
}

/// `email_verified` to `emailVerified`.
pub(crate) fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for character in name.trim_start_matches("r#").chars() {
        if character == '_' {
            upper = true;
        } else if upper {
            camel.extend(character.to_uppercase());
            upper = false;
        } else {
            camel.push(character);
        }
    }
    camel
}

/// The type inside `Option<..>`, where it is one.
pub(crate) fn option_of(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last()?;
    let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match (segment.ident == "Option", arguments.args.first()) {
        (true, Some(syn::GenericArgument::Type(inner))) => Some(inner),
        _ => None,
    }
}

/// The doc comment, its lines joined.
pub(crate) fn documentation(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| {
        let Meta::NameValue(pair) = &attribute.meta else { return None };
        match (&pair.value, pair.path.is_ident("doc")) {
            (Expr::Lit(literal), true) => match &literal.lit {
                Lit::Str(text) => Some(text.value().trim().to_owned()),
                _ => None,
            },
            _ => None,
        }
    });
    lines.collect::<Vec<_>>().join(" ").trim().to_owned()
}
