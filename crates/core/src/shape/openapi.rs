//! OpenAPI 3.1 of all endpoints, from the declarations that route and validate.

use http::Method;
use serde_json::{Map, Value as Json, json};

use super::{Object, Type};
use crate::auth::Auth;
use crate::caller::Access;
use crate::endpoint::{Endpoint, ErrorForm, MediaTypes, Place};
use crate::schema::{Field, FieldKind, Model, Schema};
use crate::service_key::SERVICE_KEY_HEADER;

/// The description of everything that is routed.
pub(crate) fn describe(auth: &Auth) -> Json {
    let mut paths = Map::new();
    for endpoint in auth.endpoints() {
        let path = endpoint.path.split('/').map(|segment| match segment.strip_prefix(':') {
            Some(parameter) => format!("{{{parameter}}}"),
            None => segment.to_owned(),
        });
        let path = path.collect::<Vec<_>>().join("/");
        let operations = paths.entry(path).or_insert_with(|| json!({}));
        operations[endpoint.method.as_str().to_ascii_lowercase()] =
            operation(auth.schema(), endpoint);
        if endpoint.place == Place::Origin {
            let origin = auth.base_urls().fixed().map_or("/", |base| base.origin());
            operations["servers"] = json!([{ "url": origin }]);
        }
    }
    let mut models: Map<_, _> =
        auth.schema().models().iter().map(|model| (model.name.clone(), schema_of(model))).collect();
    models.insert("Refusal".to_owned(), refusal(auth));
    if auth.endpoints().any(|endpoint| endpoint.error_form == ErrorForm::OAuth) {
        models.insert("OAuthRefusal".to_owned(), oauth_refusal());
    }
    let servers = auth.base_urls().fixed().map(|base| json!([{ "url": base.as_str() }]));
    json!({
        "openapi": "3.1.1",
        "info": { "title": auth.options().app_name, "version": env!("CARGO_PKG_VERSION") },
        "servers": servers.unwrap_or_else(|| json!([{ "url": auth.options().base_path }])),
        "paths": paths,
        "components": {
            "schemas": models,
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": auth.cookies().session_token.name,
                },
                "service": {
                    "type": "apiKey",
                    "in": "header",
                    "name": SERVICE_KEY_HEADER.as_str(),
                },
            },
        },
    })
}

/// What every error looks like, with the codes that core and plugins have.
fn refusal(auth: &Auth) -> Json {
    let codes: Vec<_> = auth.error_codes().iter().map(|error| error.code).collect();
    json!({
        "type": "object",
        "properties": {
            "message": { "type": "string" },
            "code": { "type": "string", "examples": codes },
        },
        "required": ["message"],
    })
}

/// The same for endpoints of OAuth.
fn oauth_refusal() -> Json {
    json!({
        "allOf": [
            { "$ref": "#/components/schemas/Refusal" },
            {
                "type": "object",
                "properties": {
                    "error": { "type": "string" },
                    "error_description": { "type": "string" },
                },
                "required": ["error"],
            },
        ],
    })
}

fn operation(models: &Schema, endpoint: &Endpoint) -> Json {
    let refusal = match endpoint.error_form {
        ErrorForm::BetterAuth => "#/components/schemas/Refusal",
        ErrorForm::OAuth => "#/components/schemas/OAuthRefusal",
    };
    let mut operation = json!({
        "operationId": endpoint.id,
        "responses": {
            "200": {
                "description": "Success",
                "content": { "application/json": { "schema": schema(models, &endpoint.output) } },
            },
            "default": {
                "description": "Refusal",
                "content": { "application/json": { "schema": { "$ref": refusal } } },
            },
        },
    });
    match endpoint.access {
        Access::Anyone => {}
        Access::SignedIn | Access::Fresh | Access::Sensitive => {
            operation["security"] = json!([{ "session": [] }]);
        }
        Access::Service => operation["security"] = json!([{ "service": [] }]),
    }
    let mut parameters = path_parameters(endpoint.path);
    if let Some(Type::Object(query)) = &endpoint.input.query {
        parameters.extend(query_parameters(models, query));
    }
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = &endpoint.input.body {
        let mut content = json!({ "application/json": { "schema": schema(models, body) } });
        if endpoint.media_types == MediaTypes::JsonOrForm {
            content["application/x-www-form-urlencoded"] =
                json!({ "schema": schema(models, body) });
        }
        let required = endpoint.method != Method::GET && !matches!(body, Type::Optional(_));
        operation["requestBody"] = json!({ "required": required, "content": content });
    }
    operation
}

fn path_parameters(path: &str) -> Vec<Json> {
    let names = path.split('/').filter_map(|segment| segment.strip_prefix(':'));
    let parameter = |name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } });
    names.map(parameter).collect()
}

fn query_parameters(models: &Schema, query: &Object) -> Vec<Json> {
    let parameter = |property: &super::Property| {
        json!({
            "name": property.name,
            "in": "query",
            "required": !property.optional,
            "description": property.description,
            "schema": schema(models, &property.ty),
        })
    };
    query.properties.iter().map(parameter).collect()
}

fn schema(models: &Schema, ty: &Type) -> Json {
    match ty {
        Type::Any => json!({}),
        Type::String { min_length: 0 } => json!({ "type": "string" }),
        Type::String { min_length } => json!({ "type": "string", "minLength": min_length }),
        Type::Email => json!({ "type": "string", "format": "email" }),
        Type::Number => json!({ "type": "number" }),
        Type::Boolean => json!({ "type": "boolean" }),
        Type::Truthy => json!({ "type": "string" }),
        Type::Array(item) => json!({ "type": "array", "items": schema(models, item) }),
        Type::Record => json!({ "type": "object", "additionalProperties": true }),
        Type::Object(object) => object_schema(models, object),
        Type::Nullable(inner) | Type::Optional(inner) => {
            json!({ "anyOf": [schema(models, inner), { "type": "null" }] })
        }
        Type::Enum(options) => json!({ "type": "string", "enum": options }),
        Type::Model(name) => json!({ "$ref": format!("#/components/schemas/{name}") }),
    }
}

fn object_schema(models: &Schema, object: &Object) -> Json {
    let mut properties = Map::new();
    for property in &object.properties {
        let mut described = schema(models, &property.ty);
        if !property.description.is_empty() {
            described["description"] = property.description.as_ref().into();
        }
        properties.insert(property.name.clone().into_owned(), described);
    }
    let mut required: Vec<_> = object
        .properties
        .iter()
        .filter(|property| !property.optional)
        .map(|property| property.name.as_ref())
        .collect();
    let extension = object.extended_by.and_then(|name| models.model(name));
    for (_, field) in extension.iter().flat_map(|model| model.additional()) {
        if field.input {
            properties.insert(field.name.clone(), field_schema(field));
        }
        if field.input && field.required_on_input {
            required.push(&field.name);
        }
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

/// A row as answers show it.
fn schema_of(model: &Model) -> Json {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in model.fields.iter().filter(|field| field.returned) {
        let described = field_schema(field);
        if field.required {
            required.push(field.name.as_str());
            properties.insert(field.name.clone(), described);
        } else {
            let nullable = json!({ "anyOf": [described, { "type": "null" }] });
            properties.insert(field.name.clone(), nullable);
        }
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

fn field_schema(field: &Field) -> Json {
    match &field.kind {
        FieldKind::Id | FieldKind::String => json!({ "type": "string" }),
        FieldKind::Number | FieldKind::BigNumber => json!({ "type": "number" }),
        FieldKind::Boolean => json!({ "type": "boolean" }),
        FieldKind::Date => json!({ "type": "string", "format": "date-time" }),
        FieldKind::Json => json!({}),
        FieldKind::StringArray => json!({ "type": "array", "items": { "type": "string" } }),
        FieldKind::NumberArray => json!({ "type": "array", "items": { "type": "number" } }),
        FieldKind::Enum(options) => json!({ "type": "string", "enum": options }),
    }
}
