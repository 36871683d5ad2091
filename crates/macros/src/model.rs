use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{DeriveInput, Expr, Field, Lit, LitStr};

use crate::field_names::{camel_case, named_fields, option_of};

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let name = model_name(input)?;
    let fields = named_fields(input, "Model")?;
    let Some((extra, declared)) = fields.split_last() else {
        return Err(syn::Error::new_spanned(&input.ident, "a model has an `id` and an `extra`"));
    };
    if extra.ident.as_ref().is_none_or(|ident| ident != "extra") {
        return Err(syn::Error::new_spanned(extra, "the last field must be `extra: Extra`"));
    }

    let rules = declared.iter().map(|field| Rules::read(field)).collect::<syn::Result<Vec<_>>>()?;
    if !rules.first().is_some_and(|rules| rules.id) {
        return Err(syn::Error::new_spanned(&input.ident, "the first field must be the id"));
    }

    let struct_name = &input.ident;
    let idents: Vec<_> = declared.iter().filter_map(|field| field.ident.as_ref()).collect();
    let fields = declared.iter().zip(&rules).map(|(field, rules)| rules.field(field));
    // All but the id, which answers show last.
    let others = &idents[1..];
    let names = others.iter().map(|ident| camel_case(&ident.to_string()));
    let positions = 1..idents.len();
    let columns = declared.iter().enumerate().map(|(position, field)| column(field, position));

    Ok(quote! {
        impl #struct_name {
            #(#columns)*
        }

        impl ::vestibule_core::store::ModelRow for #struct_name {
            const MODEL: &'static str = #name;

            fn fields() -> ::std::vec::Vec<::vestibule_core::schema::Field> {
                use ::vestibule_core::schema::{DefaultValue, Field, FieldKind, OnDelete, Reference};
                ::std::vec![#(#fields),*]
            }

            fn from_row(
                row: ::vestibule_core::store::Row,
            ) -> ::std::result::Result<Self, ::vestibule_core::store::StoreError> {
                let mut values = ::vestibule_core::store::derive::Unpack::new(row);
                ::std::result::Result::Ok(Self {
                    #(#idents: values.next()?,)*
                    extra: values.extra(),
                })
            }

            fn to_row(&self) -> ::vestibule_core::store::Row {
                ::vestibule_core::store::derive::pack(
                    [#(::vestibule_core::Value::from(self.#idents.clone())),*],
                    &self.extra,
                )
            }
        }

        impl ::serde::Serialize for #struct_name {
            fn serialize<S: ::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                use ::serde::ser::SerializeMap;
                // As the reference has it: hidden fields left out, the id last.
                let mut map = serializer.serialize_map(::std::option::Option::None)?;
                #(if self.extra.shows(#positions) {
                    map.serialize_entry(#names, &self.#others)?;
                })*
                self.extra.serialize_into(&mut map)?;
                map.serialize_entry("id", &self.id)?;
                map.end()
            }
        }

        impl ::vestibule_core::shape::Shape for #struct_name {
            fn shape() -> ::vestibule_core::shape::Type {
                ::vestibule_core::shape::Type::Model(#name)
            }
        }
    })
}

fn model_name(input: &DeriveInput) -> syn::Result<String> {
    let mut name = None;
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("model")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("name") {
                return Err(meta.error("expected `name = \"..\"`"));
            }
            name = Some(meta.value()?.parse::<LitStr>()?.value());
            Ok(())
        })?;
    }
    name.ok_or_else(|| syn::Error::new_spanned(&input.ident, "expected #[model(name = \"..\")]"))
}

fn column(field: &Field, position: usize) -> TokenStream {
    let Some(ident) = &field.ident else { return TokenStream::new() };
    let constant = format_ident!("{}", ident.to_string().to_uppercase());
    let name = camel_case(&ident.to_string());
    let ty = &field.ty;
    quote! {
        pub const #constant: ::vestibule_core::store::Column<Self, #ty> =
            ::vestibule_core::store::Column::declared(#name, #position);
    }
}

/// What `#[field(..)]` says.
#[derive(Default)]
struct Rules {
    id: bool,
    unique: bool,
    index: bool,
    big: bool,
    touched: bool,
    hidden_from_input: bool,
    hidden_from_output: bool,
    references: Option<String>,
    default: Option<TokenStream>,
}

impl Rules {
    fn read(field: &Field) -> syn::Result<Self> {
        let mut rules = Self::default();
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("field")) {
            attribute.parse_nested_meta(|meta| {
                let Some(ident) = meta.path.get_ident() else {
                    return Err(meta.error("expected a word"));
                };
                match ident.to_string().as_str() {
                    "id" => rules.id = true,
                    "unique" => rules.unique = true,
                    "index" => rules.index = true,
                    "big" => rules.big = true,
                    "touched" => rules.touched = true,
                    "input" => {
                        rules.hidden_from_input = !meta.value()?.parse::<syn::LitBool>()?.value
                    }
                    "returned" => {
                        rules.hidden_from_output = !meta.value()?.parse::<syn::LitBool>()?.value;
                    }
                    "references" => {
                        rules.references = Some(meta.value()?.parse::<LitStr>()?.value());
                    }
                    "default" => rules.default = Some(default(&meta.value()?.parse::<Expr>()?)?),
                    _ => return Err(meta.error("not an attribute of a model's field")),
                }
                Ok(())
            })?;
        }
        Ok(rules)
    }

    fn field(&self, field: &Field) -> TokenStream {
        let name = field.ident.as_ref().map(|ident| camel_case(&ident.to_string()));
        let required = option_of(&field.ty).is_none();
        let kind = self.kind(field);
        let Self { unique, index, touched, .. } = self;
        let (input, returned) = (!self.hidden_from_input, !self.hidden_from_output);
        let default = self.default.clone().unwrap_or_else(|| quote!(DefaultValue::None));
        let references = match &self.references {
            None => quote!(::std::option::Option::None),
            Some(model) => quote!(::std::option::Option::Some(Reference {
                model: #model.to_owned(),
                field: "id".to_owned(),
                on_delete: OnDelete::Cascade,
            })),
        };
        quote! {
            Field {
                required: #required,
                unique: #unique,
                index: #index,
                input: #input,
                returned: #returned,
                default: #default,
                touched_on_update: #touched,
                references: #references,
                ..Field::new(#name, FieldKind::#kind)
            }
        }
    }

    fn kind(&self, field: &Field) -> TokenStream {
        if self.id || self.references.is_some() {
            return quote!(Id);
        }
        let ty = option_of(&field.ty).unwrap_or(&field.ty);
        match quote!(#ty).to_string().as_str() {
            "String" => quote!(String),
            "bool" => quote!(Boolean),
            "i64" if self.big => quote!(BigNumber),
            "i64" => quote!(Number),
            "Timestamp" => quote!(Date),
            "Json" => quote!(Json),
            _ => syn::Error::new_spanned(
                ty,
                "a model's field is a String, bool, i64, Timestamp or Json, or an Option of one",
            )
            .to_compile_error(),
        }
    }
}

fn default(expression: &Expr) -> syn::Result<TokenStream> {
    match expression {
        Expr::Path(path) if path.path.is_ident("now") => Ok(quote!(DefaultValue::Now)),
        Expr::Path(path) if path.path.is_ident("counted") => Ok(quote!(DefaultValue::Counted)),
        Expr::Lit(literal) => match &literal.lit {
            Lit::Bool(_) | Lit::Str(_) => {
                Ok(quote!(DefaultValue::Value(::vestibule_core::Value::from(#literal))))
            }
            Lit::Int(_) => {
                Ok(quote!(DefaultValue::Value(::vestibule_core::Value::Integer(#literal))))
            }
            _ => Err(syn::Error::new_spanned(expression, "expected a literal, `now` or `counted`")),
        },
        _ => Err(syn::Error::new_spanned(expression, "expected a literal, `now` or `counted`")),
    }
}
