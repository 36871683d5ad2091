use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Field, LitInt, LitStr};

use crate::field_names::{camel_case, documentation, named_fields, option_of};

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let struct_name = &input.ident;
    let camel = renames_to_camel_case(input)?;
    let mut properties = Vec::new();
    let mut keeps_unknown = false;
    let mut extended_by = quote!(::std::option::Option::None);
    for field in named_fields(input, "Shape")? {
        let names = SerdeNames::read(field)?;
        if names.flatten {
            keeps_unknown = true;
            if let Some(model) = extension(field)? {
                extended_by = quote!(::std::option::Option::Some(#model));
            }
        } else {
            properties.push(property(field, &names, camel)?);
        }
    }
    Ok(quote! {
        impl ::vestibule_core::shape::Shape for #struct_name {
            fn shape() -> ::vestibule_core::shape::Type {
                use ::vestibule_core::shape::{Object, Property, Shape, Type};
                Type::Object(Object {
                    properties: ::std::vec![#(#properties),*],
                    keeps_unknown: #keeps_unknown,
                    extended_by: #extended_by,
                })
            }
        }
    })
}

fn property(field: &Field, names: &SerdeNames, camel: bool) -> syn::Result<TokenStream> {
    let ident = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
    let name = match &names.rename {
        Some(name) => name.clone(),
        None if camel => camel_case(&ident),
        None => ident,
    };
    let description = documentation(&field.attrs);
    let (ty, optional) = match option_of(&field.ty) {
        Some(inner) => (inner, true),
        None => (&field.ty, false),
    };
    let rule = string_rule(field)?;
    let shape = rule.unwrap_or_else(|| quote!(<#ty as Shape>::shape()));
    Ok(quote! {
        Property {
            name: ::std::borrow::Cow::Borrowed(#name),
            ty: #shape,
            optional: #optional,
            description: ::std::borrow::Cow::Borrowed(#description),
        }
    })
}

/// `#[shape(extended_by = "model")]`, on the flattened map.
fn extension(field: &Field) -> syn::Result<Option<String>> {
    let mut model = None;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("shape")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("extended_by") {
                model = Some(meta.value()?.parse::<LitStr>()?.value());
                Ok(())
            } else {
                Err(meta.error("expected `extended_by = \"model\"`"))
            }
        })?;
    }
    Ok(model)
}

/// `#[shape(email)]` and `#[shape(min_length = N)]`.
fn string_rule(field: &Field) -> syn::Result<Option<TokenStream>> {
    let mut rule = None;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("shape")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("email") {
                rule = Some(quote!(Type::Email));
                Ok(())
            } else if meta.path.is_ident("min_length") {
                let length = meta.value()?.parse::<LitInt>()?;
                rule = Some(quote!(Type::String { min_length: #length }));
                Ok(())
            } else {
                Err(meta.error("expected `email` or `min_length = N`"))
            }
        })?;
    }
    Ok(rule)
}

fn renames_to_camel_case(input: &DeriveInput) -> syn::Result<bool> {
    let mut camel = false;
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename_all") {
                let case = meta.value()?.parse::<LitStr>()?;
                if case.value() != "camelCase" {
                    return Err(syn::Error::new_spanned(case, "a shape's names are camelCase"));
                }
                camel = true;
            } else if meta.input.peek(syn::Token![=]) {
                meta.value()?.parse::<syn::Expr>()?;
            }
            Ok(())
        })?;
    }
    Ok(camel)
}

#[derive(Default)]
struct SerdeNames {
    rename: Option<String>,
    flatten: bool,
}

impl SerdeNames {
    fn read(field: &Field) -> syn::Result<Self> {
        let mut names = Self::default();
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("rename") {
                    names.rename = Some(meta.value()?.parse::<LitStr>()?.value());
                } else if meta.path.is_ident("flatten") {
                    names.flatten = true;
                } else if meta.input.peek(syn::Token![=]) {
                    meta.value()?.parse::<syn::Expr>()?;
                }
                Ok(())
            })?;
        }
        Ok(names)
    }
}
