//! The schemas whose migrations are compared with the reference's; `reference/generate.mjs` has the same.

use vestibule_core::auth::Builder as AuthBuilder;
use vestibule_core::options::Options;
use vestibule_core::schema::{
    Builder, DefaultValue, Field, FieldKind, IdPolicy, Index, OnDelete, Reference, Schema,
};
use vestibule_core::{Auth, Value};

const USER: &str =
    "name email:unique emailVerified:boolean:false image:? createdAt:now updatedAt:now";
const SESSION: &str = "expiresAt:date token:unique createdAt:now updatedAt:date ipAddress:? userAgent:? userId:>user:index";
const ACCOUNT: &str = "accountId providerId userId:>user:index accessToken:? refreshToken:? idToken:? \
    accessTokenExpiresAt:date:? refreshTokenExpiresAt:date:? scope:? password:? createdAt:now updatedAt:date";
const VERIFICATION: &str = "identifier:index value expiresAt:date createdAt:now updatedAt:now";
const RATE_LIMIT: &str = "key:unique count:number lastRequest:bignumber:now";

pub(crate) fn core(policy: IdPolicy) -> Schema {
    built(core_builder(policy))
}

/// What a server of the default options wants, without and with an outbox.
pub(crate) fn outbox_off_and_on() -> (Schema, Schema) {
    let builder = || Auth::builder(Options::default());
    let schema = |builder: AuthBuilder| builder.schema().expect("a schema that fits together");
    (schema(builder()), schema(builder().outbox(|| {})))
}

pub(crate) fn plugins() -> Schema {
    let mut builder = core_builder(IdPolicy::Random);
    extend(
        &mut builder,
        "user",
        "twoFactorEnabled:boolean:?:false username:?:unique displayUsername:?",
    );
    extend(&mut builder, "user", "role:? banned:boolean:?:false banReason:? banExpires:date:?");
    extend(&mut builder, "session", "impersonatedBy:? activeOrganizationId:? activeTeamId:?");
    add(
        &mut builder,
        "twoFactor",
        "secret:index backupCodes userId:>user:index verified:boolean:? failedVerificationCount:number:? \
         lockedUntil:date:?",
    );
    add(&mut builder, "organization", "name slug:unique logo:? createdAt:date metadata:?");
    let role =
        "organizationId:>organization:index role:index permission createdAt:now updatedAt:date:?";
    add(&mut builder, "organizationRole", role);
    let team = "name memberCount:number organizationId:>organization:index createdAt:date updatedAt:date:?";
    add(&mut builder, "team", team);
    let member = "teamId:>team:index userId:>user:index membershipKey:?:unique createdAt:date:?";
    add(&mut builder, "teamMember", member);
    let member = "organizationId:>organization:index userId:>user:index role createdAt:date";
    add(&mut builder, "member", member);
    add(
        &mut builder,
        "invitation",
        "organizationId:>organization:index email:index role:? teamId:? status expiresAt:date createdAt:now \
         inviterId:>user",
    );
    let fields = fields(
        "deviceCode userCode userId:? expiresAt:date status lastPolledAt:date:? pollingInterval:number:? \
         clientId:? scope:?",
    );
    let unique = |field: &str| Index { fields: vec![field.to_owned()], unique: true };
    builder.add("deviceCode", fields, vec![unique("deviceCode"), unique("userCode")]);
    add(&mut builder, "jwks", "publicKey privateKey createdAt:date expiresAt:date:? alg:? crv:?");
    built(builder)
}

pub(crate) fn renamed() -> Schema {
    let mut builder = core_builder(IdPolicy::Random);
    extend(
        &mut builder,
        "user",
        "plan:enum:?:free score:bignumber:? tags:strings:? settings:json:? manager:>user:set-null:?:index",
    );
    add(&mut builder, "rateLimit", RATE_LIMIT);
    builder.rename_table("user", "people").expect("a model");
    builder.rename_table("session", "log ins").expect("a model");
    for (model, field, column) in [
        ("user", "email", "email_address"),
        ("user", "createdAt", "created_at"),
        ("user", "settings", "set\"tings"),
        ("session", "userId", "user_id"),
    ] {
        builder.rename_column(model, field, column).expect("a field");
    }
    built(builder)
}

pub(crate) fn grown() -> Schema {
    let mut builder = core_builder(IdPolicy::Random);
    let mut added = fields(
        "nick:?:unique locale credits:number:index vip:boolean:?:false seenAt:now:? mentor:>user:?",
    );
    added.remove(0);
    added[1].default = DefaultValue::Value("d'accord".into());
    added[2].default = DefaultValue::Value(Value::Integer(3));
    builder.extend("user", added).expect("a model");
    add(&mut builder, "rateLimit", RATE_LIMIT);
    built(builder)
}

fn core_builder(policy: IdPolicy) -> Builder {
    let mut builder = Schema::builder(policy);
    add(&mut builder, "user", USER);
    add(&mut builder, "session", SESSION);
    add(&mut builder, "account", ACCOUNT);
    add(&mut builder, "verification", VERIFICATION);
    builder
}

fn add(builder: &mut Builder, model: &str, words: &str) {
    builder.add(model, fields(words), Vec::new());
}

fn extend(builder: &mut Builder, model: &str, words: &str) {
    let added = fields(words).split_off(1);
    builder.extend(model, added).expect("a model");
}

fn built(builder: Builder) -> Schema {
    builder.build().expect("a schema that fits together")
}

/// `id`, then one field for each word: its name and, after colons, what is special about it.
fn fields(words: &str) -> Vec<Field> {
    let mut fields = vec![Field::new("id", FieldKind::Id)];
    fields.extend(words.split_whitespace().map(field));
    fields
}

fn field(word: &str) -> Field {
    let mut parts = word.split(':');
    let mut field = Field::new(parts.next().expect("a name"), FieldKind::String);
    for part in parts {
        match part {
            "?" => field.required = false,
            "unique" => field.unique = true,
            "index" => field.index = true,
            "boolean" => field.kind = FieldKind::Boolean,
            "number" => field.kind = FieldKind::Number,
            "bignumber" => field.kind = FieldKind::BigNumber,
            "date" => field.kind = FieldKind::Date,
            "json" => field.kind = FieldKind::Json,
            "strings" => field.kind = FieldKind::StringArray,
            "enum" => field.kind = FieldKind::Enum(vec!["free".to_owned(), "paid".to_owned()]),
            "now" => {
                field.default = DefaultValue::Now;
                if field.kind == FieldKind::String {
                    field.kind = FieldKind::Date;
                }
            }
            "false" => field.default = DefaultValue::Value(Value::Boolean(false)),
            "free" => field.default = DefaultValue::Value("free".into()),
            "set-null" => {
                let reference = field.references.as_mut().expect("a reference");
                reference.on_delete = OnDelete::SetNull;
            }
            model => {
                let model = model.strip_prefix('>').expect("a word of this list").to_owned();
                field.kind = FieldKind::Id;
                let (id, on_delete) = ("id".to_owned(), OnDelete::Cascade);
                field.references = Some(Reference { model, field: id, on_delete });
            }
        }
    }
    field
}
