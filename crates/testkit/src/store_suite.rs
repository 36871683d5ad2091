//! What every [`Store`] must do, as one list of cases for all of them.
//!
//! A backend implements [`Backend`], and [`store_suite!`](crate::store_suite) makes a test of each
//! case with it. A mistake found in one store becomes a case for all.

use std::future::Future;
use std::sync::Arc;

use serde_json::json;
use vestibule_core::schema::{
    DefaultValue, Field, FieldKind, IdPolicy, Index, Model, OnDelete, Reference, Schema,
};
use vestibule_core::store::{
    Changes, Filter, Find, Increment, Join, Operator, Order, Row, Store, StoreError, Update,
};
use vestibule_core::{Timestamp, Value};

/// A store that lasts for one case.
pub trait Backend: Sized + Send {
    /// An empty database with this schema.
    fn open(schema: &Schema) -> impl Future<Output = Self> + Send;

    fn store(&self) -> Arc<dyn Store>;

    /// Leaves nothing behind.
    fn close(self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// Makes the suite's tests for a [`Backend`], in the module where it stands.
#[macro_export]
macro_rules! store_suite {
    ($backend:ty) => {
        $crate::store_suite!($backend, Random: [
            a_row_comes_back_as_it_was,
            every_kind_of_value_survives,
            nulls_come_back,
            dates_keep_their_milliseconds,
            renamed_tables_and_columns_work,
            nothing_is_found_in_an_empty_table,
            equal_and_not_equal,
            less_and_greater,
            null_is_equal_to_null_alone,
            lists,
            parts_of_text_know_no_wildcards,
            filters_combine,
            values_of_another_type_equal_nothing,
            order_limit_and_offset,
            a_join_brings_both_rows,
            count_counts,
            update_returns_the_row_as_it_is_now,
            update_many_counts,
            update_keeps_what_it_does_not_name,
            delete_many_counts,
            deleting_takes_what_refers_to_it,
            consume_gives_the_row_once,
            fifty_consumers_get_one_row,
            consumers_of_several_rows_get_different_ones,
            increment_adds_and_sets,
            concurrent_increments_all_count,
            an_increment_never_passes_its_bound,
            a_unique_value_is_taken_once,
            concurrent_creators_of_one_value,
            a_unique_index_over_two_fields,
            an_update_to_a_taken_value_conflicts,
            a_missing_required_value_is_refused,
            a_reference_to_nothing_is_refused,
            a_value_of_another_type_is_refused,
            nul_is_refused_and_never_found,
            text_of_any_kind_survives,
            huge_text_survives,
            a_commit_keeps_everything,
            a_roll_back_undoes_everything,
            a_dropped_transaction_is_undone,
            a_transaction_sees_its_own_changes,
            nobody_sees_an_open_transaction,
            a_cancelled_transaction_is_undone,
            a_transaction_ends_once,
            transactions_do_not_nest,
            a_conflict_in_a_transaction_undoes_it,
            concurrent_transactions_all_count,
            the_database_counts_rows,
            it_answers_a_ping,
        ]);
        $crate::store_suite!($backend, Uuid: [the_database_makes_uuids]);
        $crate::store_suite!($backend, Serial: [the_database_counts_ids]);
    };
    ($backend:ty, $policy:ident: [$($case:ident),* $(,)?]) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            let policy = ::vestibule_core::schema::IdPolicy::$policy;
            $crate::store_suite::run::<$backend, _>(policy, $crate::store_suite::$case).await;
        }
    )*};
}

/// Runs one case; what the macro calls.
pub async fn run<B: Backend, F: Future<Output = ()>>(policy: IdPolicy, case: fn(Bench) -> F) {
    let schema = schema(policy);
    let backend = B::open(&schema).await;
    case(Bench { store: backend.store(), schema }).await;
    backend.close().await;
}

/// What a case works with: a store and the suite's schema.
#[derive(Clone)]
pub struct Bench {
    store: Arc<dyn Store>,
    schema: Schema,
}

/// Models with a field of every kind, in tables and columns of other names than theirs.
fn schema(policy: IdPolicy) -> Schema {
    let id = || Field::new("id", FieldKind::Id);
    let optional = |name: &str, kind| Field { required: false, ..Field::new(name, kind) };
    let person = |required| Field {
        required,
        index: true,
        references: Some(Reference {
            model: "person".to_owned(),
            field: "id".to_owned(),
            on_delete: OnDelete::Cascade,
        }),
        ..Field::new("personId", FieldKind::Id)
    };
    let mut builder = Schema::builder(policy);
    let fields = vec![
        id(),
        Field::new("name", FieldKind::String),
        Field { unique: true, ..Field::new("email", FieldKind::String) },
        Field {
            default: DefaultValue::Value(Value::Boolean(false)),
            ..Field::new("emailVerified", FieldKind::Boolean)
        },
        optional("score", FieldKind::Number),
        optional("total", FieldKind::BigNumber),
        optional("seenAt", FieldKind::Date),
        optional("settings", FieldKind::Json),
        optional("tags", FieldKind::StringArray),
        optional("grades", FieldKind::NumberArray),
        Field { default: DefaultValue::Now, ..Field::new("createdAt", FieldKind::Date) },
    ];
    builder.add("person", fields, Vec::new());
    let fields = vec![
        id(),
        Field { unique: true, ..Field::new("value", FieldKind::String) },
        optional("count", FieldKind::Number),
        person(false),
        Field { index: true, ..optional("group", FieldKind::String) },
    ];
    builder.add("token", fields, Vec::new());
    let fields = vec![id(), person(true), Field::new("team", FieldKind::String)];
    let unique = Index { fields: vec!["personId".to_owned(), "team".to_owned()], unique: true };
    builder.add("membership", fields, vec![unique]);
    let fields = vec![
        id(),
        Field {
            unique: true,
            default: DefaultValue::Counted,
            ..Field::new("place", FieldKind::BigNumber)
        },
    ];
    builder.add("queue", fields, Vec::new());
    let kind = FieldKind::Enum(vec!["free".to_owned(), "paid".to_owned()]);
    builder.extend("person", vec![optional("plan", kind)]).expect("a model");
    builder.rename_table("person", "our \"people\"").expect("a model");
    builder.rename_column("person", "email", "e-mail \"address\"").expect("a field");
    builder.build().expect("the suite's schema fits together")
}

impl Bench {
    fn model(&self, name: &str) -> Arc<Model> {
        self.schema.model(name).expect("a model of the suite").clone()
    }

    fn field(&self, model: &str, field: &str) -> usize {
        self.model(model).position(field).expect("a field of the suite")
    }

    fn row(&self, model: &str, values: &[(&str, Value)]) -> Row {
        let mut row = Row::empty(self.model(model));
        for (field, value) in values {
            assert!(row.set(field, value.clone()), "{model} has no {field}");
        }
        row
    }

    async fn create(&self, model: &str, values: &[(&str, Value)]) -> Row {
        self.store.create(self.row(model, values)).await.expect("a new row")
    }

    /// A person; its id is its name unless the database makes ids.
    async fn person(&self, name: &str) -> Row {
        self.store.create(self.person_row(name)).await.expect("a new person")
    }

    fn person_row(&self, name: &str) -> Row {
        let id = match self.schema.id_policy() {
            IdPolicy::Random => name.into(),
            IdPolicy::Uuid | IdPolicy::Serial | IdPolicy::Database => Value::Null,
        };
        self.row(
            "person",
            &[
                ("id", id),
                ("name", name.into()),
                ("email", format!("{name}@example.com").into()),
                ("emailVerified", false.into()),
                ("createdAt", Timestamp::from_millis(1_700_000_000_000).into()),
            ],
        )
    }

    async fn token(&self, value: &str, count: Option<i64>) -> Row {
        self.create(
            "token",
            &[("id", value.into()), ("value", value.into()), ("count", count.into())],
        )
        .await
    }

    fn is(&self, model: &str, field: &str, value: impl Into<Value>) -> Filter {
        self.compare(model, field, Operator::Equal, value)
    }

    fn compare(
        &self,
        model: &str,
        field: &str,
        operator: Operator,
        value: impl Into<Value>,
    ) -> Filter {
        Filter::is(self.field(model, field), operator, value)
    }

    fn find(&self, model: &str, filter: Filter) -> Find {
        Find { model: self.model(model), filter, order: Vec::new(), limit: None, offset: 0 }
    }

    async fn find_one(&self, model: &str, filter: Filter) -> Option<Row> {
        self.store.find_one(self.find(model, filter)).await.expect("an answer")
    }

    /// The names of the people found, in order of name.
    async fn names(&self, filter: Filter) -> Vec<String> {
        let mut names = self.names_in_order(self.find("person", filter)).await;
        names.sort();
        names
    }

    async fn names_in_order(&self, find: Find) -> Vec<String> {
        let rows = self.store.find_many(find).await.expect("an answer");
        rows.iter().map(|row| text(row, "name")).collect()
    }

    fn update(&self, model: &str, filter: Filter, changes: &[(&str, Value)]) -> Update {
        Update { model: self.model(model), filter, changes: self.changes(model, changes) }
    }

    fn changes(&self, model: &str, changes: &[(&str, Value)]) -> Changes {
        changes.iter().map(|(field, value)| (self.field(model, field), value.clone())).collect()
    }

    fn increment(&self, value: &str, by: i64, bound: Option<i64>) -> Increment {
        let mut filter = self.is("token", "value", value);
        if let Some(bound) = bound {
            filter = filter.and(self.compare("token", "count", Operator::Less, bound));
        }
        let (model, field) = (self.model("token"), self.field("token", "count"));
        Increment { model, filter, field, by, changes: Vec::new() }
    }

    async fn count(&self, model: &str) -> u64 {
        self.store.count(self.model(model), Filter::EVERYTHING).await.expect("a number")
    }

    /// Runs a future fifty times at once and gives the results.
    async fn fifty<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        run: impl Fn(Bench, usize) -> F,
    ) -> Vec<T> {
        let tasks: Vec<_> = (0..50).map(|index| tokio::spawn(run(self.clone(), index))).collect();
        let mut results = Vec::new();
        for task in tasks {
            results.push(task.await.expect("a task that does not panic"));
        }
        results
    }
}

fn text(row: &Row, field: &str) -> String {
    row.get(field).and_then(Value::as_text).expect("text").to_owned()
}

fn integer(row: &Row, field: &str) -> i64 {
    row.get(field).and_then(Value::as_integer).expect("an integer")
}

pub async fn a_row_comes_back_as_it_was(bench: Bench) {
    let given = bench.person_row("ann");
    let stored = bench.store.create(given.clone()).await.expect("a new row");
    assert_eq!(stored.values, given.values);
    let found = bench.find_one("person", bench.is("person", "id", "ann")).await.expect("the row");
    assert_eq!(found.values, given.values);
}

pub async fn every_kind_of_value_survives(bench: Bench) {
    let mut row = bench.person_row("ann");
    for (field, value) in [
        ("emailVerified", Value::Boolean(true)),
        ("score", Value::Integer(-7)),
        ("total", Value::Integer(9_007_199_254_740_991)),
        ("seenAt", Value::Time(Timestamp::from_millis(1_893_456_000_123))),
        (
            "settings",
            Value::Json(json!({ "dark": true, "sizes": [1, 2.5], "none": null, "ü": "\"" })),
        ),
        ("tags", Value::Json(json!(["a", "b \"quoted\"", ""]))),
        ("grades", Value::Json(json!([1, 2, 3]))),
        ("plan", Value::Text("paid".to_owned())),
    ] {
        row.set(field, value);
    }
    let stored = bench.store.create(row.clone()).await.expect("a new row");
    assert_eq!(stored.values, row.values);
    let found = bench.find_one("person", Filter::EVERYTHING).await.expect("the row");
    assert_eq!(found.values, row.values);
}

pub async fn nulls_come_back(bench: Bench) {
    let row = bench.person("ann").await;
    for field in ["score", "total", "seenAt", "settings", "tags", "grades", "plan"] {
        assert_eq!(row.get(field), Some(&Value::Null), "{field}");
    }
    let changes = [("score", Value::Integer(1)), ("tags", Value::Json(json!([])))];
    let set = bench.update("person", Filter::EVERYTHING, &changes);
    bench.store.update(set).await.expect("an update");
    let changes = [("score", Value::Null), ("tags", Value::Null)];
    let unset = bench.update("person", Filter::EVERYTHING, &changes);
    let row = bench.store.update(unset).await.expect("an update").expect("the row");
    assert_eq!((row.get("score"), row.get("tags")), (Some(&Value::Null), Some(&Value::Null)));
}

pub async fn dates_keep_their_milliseconds(bench: Bench) {
    let times = [
        Timestamp::from_millis(0),
        Timestamp::from_millis(-1),
        Timestamp::from_millis(951_782_400_001),
        Timestamp::from_millis(4_102_444_799_999),
        Timestamp::MAX,
    ];
    for (index, time) in times.into_iter().enumerate() {
        let mut row = bench.person_row(&format!("p{index}"));
        row.set("seenAt", time.into());
        let row = bench.store.create(row).await.expect("a new row");
        assert_eq!(row.get("seenAt"), Some(&Value::Time(time)));
        let found = bench.find_one("person", bench.is("person", "seenAt", time)).await;
        assert_eq!(found.expect("the row").values, row.values);
    }
    let before = bench.compare("person", "seenAt", Operator::Less, Timestamp::from_millis(0));
    assert_eq!(bench.names(before).await, ["p1"]);
}

pub async fn renamed_tables_and_columns_work(bench: Bench) {
    bench.person("ann").await;
    let by_email = || bench.is("person", "email", "ann@example.com");
    assert_eq!(bench.names(by_email()).await, ["ann"]);
    let update = bench.update("person", by_email(), &[("email", "new@example.com".into())]);
    let row = bench.store.update(update).await.expect("an update").expect("the row");
    assert_eq!(text(&row, "email"), "new@example.com");
}

pub async fn nothing_is_found_in_an_empty_table(bench: Bench) {
    assert!(bench.find_one("person", Filter::EVERYTHING).await.is_none());
    assert!(bench.names(Filter::EVERYTHING).await.is_empty());
    assert_eq!(bench.count("person").await, 0);
    let nobody = || bench.is("person", "id", "nobody");
    let update = bench.update("person", nobody(), &[("name", "x".into())]);
    assert!(bench.store.update(update.clone()).await.expect("an answer").is_none());
    assert_eq!(bench.store.update_many(update).await.expect("a number"), 0);
    let model = bench.model("person");
    assert_eq!(bench.store.delete_many(model.clone(), nobody()).await.expect("a number"), 0);
    assert!(bench.store.consume_one(model, nobody()).await.expect("an answer").is_none());
    let increment = bench.increment("nothing", 1, None);
    assert!(bench.store.increment_one(increment).await.expect("an answer").is_none());
}

/// Ann, Bob and Cid with scores 1, 2 and none.
async fn three_people(bench: &Bench) {
    for (name, score, verified) in
        [("ann", Some(1i64), true), ("bob", Some(2), false), ("cid", None, false)]
    {
        let mut row = bench.person_row(name);
        row.set("score", score.into());
        row.set("emailVerified", verified.into());
        bench.store.create(row).await.expect("a new person");
    }
}

pub async fn equal_and_not_equal(bench: Bench) {
    three_people(&bench).await;
    assert_eq!(bench.names(bench.is("person", "name", "bob")).await, ["bob"]);
    assert_eq!(bench.names(bench.is("person", "name", "Bob")).await, [""; 0]);
    assert_eq!(bench.names(bench.is("person", "score", 2)).await, ["bob"]);
    assert_eq!(bench.names(bench.is("person", "emailVerified", true)).await, ["ann"]);
    let not = bench.compare("person", "name", Operator::NotEqual, "bob");
    assert_eq!(bench.names(not).await, ["ann", "cid"]);
    let not = bench.compare("person", "emailVerified", Operator::NotEqual, true);
    assert_eq!(bench.names(not).await, ["bob", "cid"]);
    let time = Timestamp::from_millis(1_700_000_000_000);
    assert_eq!(bench.names(bench.is("person", "createdAt", time)).await.len(), 3);
}

pub async fn less_and_greater(bench: Bench) {
    three_people(&bench).await;
    let names = async |field: &str, operator, value: Value| {
        bench.names(bench.compare("person", field, operator, value)).await.concat()
    };
    assert_eq!(names("score", Operator::Less, 2.into()).await, "ann");
    assert_eq!(names("score", Operator::LessOrEqual, 2.into()).await, "annbob");
    assert_eq!(names("score", Operator::Greater, 1.into()).await, "bob");
    assert_eq!(names("score", Operator::GreaterOrEqual, 1.into()).await, "annbob");
    assert_eq!(names("score", Operator::Less, i64::MAX.into()).await, "annbob");
    assert_eq!(names("score", Operator::Less, Value::Real(1.5)).await, "ann");
    assert_eq!(names("name", Operator::Greater, "ann".into()).await, "bobcid");
    let later = Timestamp::from_millis(1_700_000_000_001);
    assert_eq!(names("createdAt", Operator::Less, later.into()).await, "annbobcid");
    assert_eq!(names("createdAt", Operator::GreaterOrEqual, later.into()).await, "");
}

pub async fn null_is_equal_to_null_alone(bench: Bench) {
    three_people(&bench).await;
    let names = async |operator, value: Value| {
        bench.names(bench.compare("person", "score", operator, value)).await.concat()
    };
    assert_eq!(names(Operator::Equal, Value::Null).await, "cid");
    assert_eq!(names(Operator::NotEqual, Value::Null).await, "annbob");
    assert_eq!(names(Operator::NotEqual, 1.into()).await, "bob");
    for operator in [Operator::Less, Operator::GreaterOrEqual, Operator::Contains] {
        assert_eq!(names(operator, Value::Null).await, "");
    }
}

pub async fn lists(bench: Bench) {
    three_people(&bench).await;
    let names = async |field: &str, is_in: bool, values: Vec<Value>| {
        let operator = if is_in { Operator::In } else { Operator::NotIn };
        let field = bench.field("person", field);
        let mut filter = Filter::is_one_of(field, values);
        if let Filter::Is(condition) = &mut filter {
            condition.operator = operator;
        }
        bench.names(filter).await.concat()
    };
    assert_eq!(names("name", true, vec!["ann".into(), "cid".into(), "x".into()]).await, "anncid");
    assert_eq!(names("name", true, vec!["a,\"{}\\'n".into()]).await, "");
    assert_eq!(names("name", false, vec!["ann".into(), "x".into()]).await, "bobcid");
    assert_eq!(names("id", true, vec!["ann".into(), "bob".into()]).await, "annbob");
    assert_eq!(names("score", true, vec![2.into(), 3.into(), i64::MAX.into()]).await, "bob");
    assert_eq!(names("score", false, vec![2.into()]).await, "ann");
    assert_eq!(names("emailVerified", true, vec![true.into()]).await, "ann");
    let time = Timestamp::from_millis(1_700_000_000_000);
    assert_eq!(names("createdAt", true, vec![time.into()]).await, "annbobcid");
    assert_eq!(names("name", true, Vec::new()).await, "");
    assert_eq!(names("score", false, Vec::new()).await, "annbobcid");
    assert_eq!(names("score", true, vec![Value::Null]).await, "");
    assert_eq!(names("score", false, vec![Value::Null]).await, "annbobcid");
    assert_eq!(names("score", false, vec![Value::Null, 1.into()]).await, "bob");
}

pub async fn parts_of_text_know_no_wildcards(bench: Bench) {
    for (id, name) in
        [("1", "100% sure"), ("2", "100 x sure"), ("3", "a_b\\c"), ("4", "aXb"), ("5", "ünï")]
    {
        let mut row = bench.person_row(id);
        row.set("name", name.into());
        bench.store.create(row).await.expect("a new person");
    }
    let names = async |operator, value: &str| {
        bench.names(bench.compare("person", "name", operator, value)).await
    };
    assert_eq!(names(Operator::Contains, "0% s").await, ["100% sure"]);
    assert_eq!(names(Operator::Contains, "_b\\").await, ["a_b\\c"]);
    assert_eq!(names(Operator::Contains, "nï").await, ["ünï"]);
    assert_eq!(names(Operator::Contains, "SURE").await, [""; 0]);
    assert_eq!(names(Operator::StartsWith, "100").await, ["100 x sure", "100% sure"]);
    assert_eq!(names(Operator::StartsWith, "a_").await, ["a_b\\c"]);
    assert_eq!(names(Operator::EndsWith, "% sure").await, ["100% sure"]);
    assert_eq!(names(Operator::EndsWith, "ï").await, ["ünï"]);
    assert_eq!(names(Operator::EndsWith, "much longer than any of the names").await, [""; 0]);
    for operator in [Operator::Contains, Operator::StartsWith, Operator::EndsWith] {
        assert_eq!(names(operator, "").await.len(), 5);
    }
}

pub async fn filters_combine(bench: Bench) {
    three_people(&bench).await;
    let name = |name: &str| bench.is("person", "name", name);
    let score = |score: i64| bench.is("person", "score", score);
    assert_eq!(bench.names(name("ann").and(score(1))).await, ["ann"]);
    assert_eq!(bench.names(name("ann").and(score(2))).await, [""; 0]);
    assert_eq!(bench.names(name("ann").or(score(2))).await, ["ann", "bob"]);
    assert_eq!(bench.names(name("ann").or(name("cid")).and(score(1))).await, ["ann"]);
    let nested = Filter::All(vec![
        Filter::Any(vec![name("ann"), Filter::All(vec![name("bob"), score(2)])]),
        Filter::EVERYTHING,
    ]);
    assert_eq!(bench.names(nested).await, ["ann", "bob"]);
    assert_eq!(bench.names(Filter::EVERYTHING).await.len(), 3);
    assert_eq!(bench.names(Filter::Any(Vec::new())).await, [""; 0]);
    assert_eq!(bench.names(Filter::Any(vec![Filter::EVERYTHING])).await.len(), 3);
}

pub async fn values_of_another_type_equal_nothing(bench: Bench) {
    three_people(&bench).await;
    for (field, value) in [
        ("name", Value::Integer(1)),
        ("score", Value::Text("1".to_owned())),
        ("emailVerified", Value::Text("true".to_owned())),
        ("createdAt", Value::Text("not a date".to_owned())),
    ] {
        assert_eq!(bench.names(bench.is("person", field, value.clone())).await, [""; 0], "{field}");
        let not = bench.compare("person", field, Operator::NotEqual, value.clone());
        let others = if field == "score" { 2 } else { 3 };
        assert_eq!(bench.names(not).await.len(), others, "{field}");
        let less = bench.compare("person", field, Operator::Less, value);
        assert_eq!(bench.names(less).await, [""; 0], "{field}");
    }
}

pub async fn order_limit_and_offset(bench: Bench) {
    three_people(&bench).await;
    let (name, verified) = (bench.field("person", "name"), bench.field("person", "emailVerified"));
    let find = |order: &[(usize, Order)], limit, offset| Find {
        order: order.to_vec(),
        limit,
        offset,
        ..bench.find("person", Filter::EVERYTHING)
    };
    let up = [(name, Order::Ascending)];
    let down = [(name, Order::Descending)];
    let both = [(verified, Order::Descending), (name, Order::Descending)];
    for (find, expected) in [
        (find(&up, None, 0), "annbobcid"),
        (find(&down, None, 0), "cidbobann"),
        (find(&both, None, 0), "anncidbob"),
        (find(&up, Some(2), 0), "annbob"),
        (find(&up, Some(2), 1), "bobcid"),
        (find(&up, None, 1), "bobcid"),
        (find(&up, Some(0), 0), ""),
        (find(&up, Some(5), 5), ""),
    ] {
        assert_eq!(bench.names_in_order(find.clone()).await.concat(), expected, "{find:?}");
    }
    let first = bench.store.find_one(find(&down, None, 0)).await.expect("an answer");
    assert_eq!(text(&first.expect("the last one"), "name"), "cid");
}

pub async fn a_join_brings_both_rows(bench: Bench) {
    bench.person("ann").await;
    let of_ann = [("id", "1".into()), ("value", "of ann".into()), ("personId", "ann".into())];
    bench.create("token", &of_ann).await;
    bench.token("of nobody", None).await;
    let join =
        || Join { on: bench.field("token", "personId"), model: bench.model("person"), field: 0 };
    let find = |value: &str| bench.find("token", bench.is("token", "value", value));
    let found = bench.store.find_one_with(find("of ann"), join()).await.expect("an answer");
    let (token, person) = found.expect("the token");
    assert_eq!(text(&token, "value"), "of ann");
    let person = person.expect("its person");
    assert_eq!((text(&person, "name"), person.model.name.as_str()), ("ann".to_owned(), "person"));
    let found = bench.store.find_one_with(find("of nobody"), join()).await.expect("an answer");
    let (token, person) = found.expect("the token");
    assert_eq!((text(&token, "value"), person.is_none()), ("of nobody".to_owned(), true));
    let found = bench.store.find_one_with(find("none"), join()).await.expect("an answer");
    assert!(found.is_none());
    let ordered = Find {
        order: vec![(bench.field("token", "value"), Order::Descending)],
        ..bench.find("token", Filter::EVERYTHING)
    };
    let found = bench.store.find_one_with(ordered, join()).await.expect("an answer");
    assert_eq!(text(&found.expect("the last one").0, "value"), "of nobody");
}

pub async fn count_counts(bench: Bench) {
    three_people(&bench).await;
    assert_eq!(bench.count("person").await, 3);
    let verified = bench.is("person", "emailVerified", false);
    let count = bench.store.count(bench.model("person"), verified).await;
    assert_eq!(count.expect("a number"), 2);
}

pub async fn update_returns_the_row_as_it_is_now(bench: Bench) {
    three_people(&bench).await;
    let changes = [("name", "rob".into()), ("score", 5.into()), ("emailVerified", true.into())];
    let update = bench.update("person", bench.is("person", "id", "bob"), &changes);
    let row = bench.store.update(update).await.expect("an update").expect("the row");
    assert_eq!((text(&row, "name"), integer(&row, "score")), ("rob".to_owned(), 5));
    let found = bench.find_one("person", bench.is("person", "id", "bob")).await.expect("the row");
    assert_eq!(found.values, row.values);
    let nothing = bench.update("person", bench.is("person", "id", "bob"), &[]);
    let row = bench.store.update(nothing).await.expect("an update").expect("the row");
    assert_eq!(found.values, row.values);
}

pub async fn update_many_counts(bench: Bench) {
    three_people(&bench).await;
    let unverified = || bench.is("person", "emailVerified", false);
    let update = bench.update("person", unverified(), &[("name", "x".into())]);
    assert_eq!(bench.store.update_many(update).await.expect("a number"), 2);
    assert_eq!(bench.names(Filter::EVERYTHING).await, ["ann", "x", "x"]);
    let nothing = bench.update("person", unverified(), &[]);
    assert_eq!(bench.store.update_many(nothing).await.expect("a number"), 2);
}

pub async fn update_keeps_what_it_does_not_name(bench: Bench) {
    let before = bench.person("ann").await;
    let update = bench.update("person", Filter::EVERYTHING, &[("plan", "free".into())]);
    let after = bench.store.update(update).await.expect("an update").expect("the row");
    assert_eq!(text(&after, "plan"), "free");
    assert_eq!(before.values[..before.values.len() - 1], after.values[..after.values.len() - 1]);
}

pub async fn delete_many_counts(bench: Bench) {
    three_people(&bench).await;
    let unverified = bench.is("person", "emailVerified", false);
    let deleted = bench.store.delete_many(bench.model("person"), unverified).await;
    assert_eq!(deleted.expect("a number"), 2);
    assert_eq!(bench.names(Filter::EVERYTHING).await, ["ann"]);
    let all = bench.store.delete_many(bench.model("person"), Filter::EVERYTHING).await;
    assert_eq!((all.expect("a number"), bench.count("person").await), (1, 0));
}

pub async fn deleting_takes_what_refers_to_it(bench: Bench) {
    bench.person("ann").await;
    bench
        .create(
            "membership",
            &[("id", "1".into()), ("personId", "ann".into()), ("team", "x".into())],
        )
        .await;
    bench
        .create("token", &[("id", "1".into()), ("value", "x".into()), ("personId", "ann".into())])
        .await;
    bench.token("of nobody", None).await;
    let deleted = bench.store.delete_many(bench.model("person"), Filter::EVERYTHING).await;
    assert_eq!(deleted.expect("a number"), 1);
    assert_eq!((bench.count("membership").await, bench.count("token").await), (0, 1));
}

pub async fn consume_gives_the_row_once(bench: Bench) {
    bench.token("a", Some(1)).await;
    bench.token("b", Some(2)).await;
    let consume = async || {
        let filter = bench.is("token", "value", "a");
        bench.store.consume_one(bench.model("token"), filter).await.expect("an answer")
    };
    assert_eq!(integer(&consume().await.expect("the row"), "count"), 1);
    assert!(consume().await.is_none());
    assert_eq!(bench.count("token").await, 1);
}

pub async fn fifty_consumers_get_one_row(bench: Bench) {
    bench.token("once", None).await;
    let results = bench
        .fifty(|bench, _| async move {
            let filter = bench.is("token", "value", "once");
            let row = bench.store.consume_one(bench.model("token"), filter).await;
            row.expect("an answer").is_some()
        })
        .await;
    assert_eq!(results.iter().filter(|got| **got).count(), 1);
}

pub async fn consumers_of_several_rows_get_different_ones(bench: Bench) {
    for index in 0..20 {
        bench.token(&format!("t{index}"), Some(7)).await;
    }
    let results = bench
        .fifty(|bench, _| async move {
            let filter = bench.is("token", "count", 7);
            let row = bench.store.consume_one(bench.model("token"), filter).await;
            row.expect("an answer").map(|row| text(&row, "value"))
        })
        .await;
    let mut got: Vec<_> = results.into_iter().flatten().collect();
    got.sort();
    got.dedup();
    assert_eq!((got.len(), bench.count("token").await), (20, 0));
}

// Difference: counting-from-nothing.
pub async fn increment_adds_and_sets(bench: Bench) {
    bench.token("a", Some(1)).await;
    bench.token("none", None).await;
    let changes = bench.changes("token", &[("group", "seen".into())]);
    let increment = Increment { changes, ..bench.increment("a", 2, Some(3)) };
    let row =
        bench.store.increment_one(increment.clone()).await.expect("an answer").expect("the row");
    assert_eq!((integer(&row, "count"), text(&row, "group")), (3, "seen".to_owned()));
    assert!(bench.store.increment_one(increment).await.expect("an answer").is_none());
    let row = bench.store.increment_one(bench.increment("a", -5, None)).await.expect("an answer");
    assert_eq!(integer(&row.expect("the row"), "count"), -2);
    let row = bench.store.increment_one(bench.increment("none", 1, None)).await.expect("an answer");
    assert_eq!(integer(&row.expect("the row"), "count"), 1);
}

pub async fn concurrent_increments_all_count(bench: Bench) {
    bench.token("a", Some(0)).await;
    bench
        .fifty(|bench, _| async move {
            let done = bench.store.increment_one(bench.increment("a", 1, None)).await;
            assert!(done.expect("an answer").is_some());
        })
        .await;
    let row = bench.find_one("token", Filter::EVERYTHING).await.expect("the row");
    assert_eq!(integer(&row, "count"), 50);
}

pub async fn an_increment_never_passes_its_bound(bench: Bench) {
    bench.token("a", Some(0)).await;
    let results = bench
        .fifty(|bench, _| async move {
            bench
                .store
                .increment_one(bench.increment("a", 1, Some(5)))
                .await
                .expect("an answer")
                .is_some()
        })
        .await;
    assert_eq!(results.iter().filter(|done| **done).count(), 5);
    let row = bench.find_one("token", Filter::EVERYTHING).await.expect("the row");
    assert_eq!(integer(&row, "count"), 5);
}

pub async fn a_unique_value_is_taken_once(bench: Bench) {
    bench.person("ann").await;
    let again = bench.store.create(bench.person_row("ann")).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
    let mut other = bench.person_row("ann");
    other.set("id", "other".into());
    let same_email = bench.store.create(other).await;
    // The log may have the error, but not the address.
    assert!(!format!("{same_email:?}").contains("ann@"), "{same_email:?}");
    let Err(StoreError::Conflict { model, .. }) = same_email else { panic!("{same_email:?}") };
    assert_eq!(model, "person");
    assert_eq!(bench.count("person").await, 1);
}

pub async fn concurrent_creators_of_one_value(bench: Bench) {
    let results = bench
        .fifty(|bench, index| async move {
            let id = format!("t{index}");
            let row = bench.row("token", &[("id", id.into()), ("value", "the same".into())]);
            match bench.store.create(row).await {
                Ok(_) => true,
                Err(StoreError::Conflict { .. }) => false,
                Err(error) => panic!("{error:?}"),
            }
        })
        .await;
    assert_eq!(results.iter().filter(|made| **made).count(), 1);
    assert_eq!(bench.count("token").await, 1);
}

pub async fn a_unique_index_over_two_fields(bench: Bench) {
    bench.person("ann").await;
    bench.person("bob").await;
    let member = |id: &str, person: &str, team: &str| {
        bench.row(
            "membership",
            &[("id", id.into()), ("personId", person.into()), ("team", team.into())],
        )
    };
    for (id, person, team) in [("1", "ann", "x"), ("2", "ann", "y"), ("3", "bob", "x")] {
        bench.store.create(member(id, person, team)).await.expect("a new row");
    }
    let again = bench.store.create(member("4", "ann", "x")).await;
    assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
}

pub async fn an_update_to_a_taken_value_conflicts(bench: Bench) {
    three_people(&bench).await;
    let email = [("email", "ann@example.com".into())];
    let update = bench.update("person", bench.is("person", "id", "bob"), &email);
    let result = bench.store.update(update).await;
    assert!(matches!(result, Err(StoreError::Conflict { .. })), "{result:?}");
    let own = bench.update("person", bench.is("person", "id", "ann"), &email);
    assert!(bench.store.update(own).await.expect("an update").is_some());
    let all = bench.update("person", Filter::EVERYTHING, &[("email", "one for all".into())]);
    let result = bench.store.update_many(all).await;
    assert!(matches!(result, Err(StoreError::Conflict { .. })), "{result:?}");
    assert_eq!(bench.names(bench.is("person", "email", "one for all")).await, [""; 0]);
}

pub async fn a_missing_required_value_is_refused(bench: Bench) {
    let mut row = bench.person_row("ann");
    row.set("name", Value::Null);
    let result = bench.store.create(row).await;
    assert!(matches!(result, Err(StoreError::Refused { .. })), "{result:?}");
    let mut row = bench.person_row("ann");
    row.set("id", Value::Null);
    let result = bench.store.create(row).await;
    assert!(matches!(result, Err(StoreError::Refused { .. })), "{result:?}");
    bench.person("ann").await;
    let update = bench.update("person", Filter::EVERYTHING, &[("name", Value::Null)]);
    let result = bench.store.update(update).await;
    assert!(matches!(result, Err(StoreError::Refused { .. })), "{result:?}");
}

pub async fn a_reference_to_nothing_is_refused(bench: Bench) {
    let values = [("id", "1".into()), ("value", "x".into()), ("personId", "nobody".into())];
    let result = bench.store.create(bench.row("token", &values)).await;
    assert!(matches!(result, Err(StoreError::Refused { .. })), "{result:?}");
    assert_eq!(bench.count("token").await, 0);
}

pub async fn a_value_of_another_type_is_refused(bench: Bench) {
    for (field, value) in [
        ("name", Value::Integer(1)),
        ("score", Value::Text("1".to_owned())),
        ("emailVerified", Value::Integer(1)),
        ("createdAt", Value::Text("2030-01-01T00:00:00.000Z".to_owned())),
        ("settings", Value::Text("{}".to_owned())),
    ] {
        let mut row = bench.person_row("ann");
        row.set(field, value);
        let result = bench.store.create(row).await;
        assert!(matches!(result, Err(StoreError::Refused { .. })), "{field}: {result:?}");
    }
}

pub async fn nul_is_refused_and_never_found(bench: Bench) {
    for (field, value) in [
        ("name", Value::Text("a\0b".to_owned())),
        ("settings", Value::Json(json!({ "a": ["\0"] }))),
        ("settings", Value::Json(json!({ "\0": 1 }))),
    ] {
        let mut row = bench.person_row("ann");
        row.set(field, value);
        let result = bench.store.create(row).await;
        assert!(matches!(result, Err(StoreError::Refused { .. })), "{result:?}");
    }
    bench.person("a").await;
    for operator in [Operator::Equal, Operator::Contains, Operator::StartsWith, Operator::EndsWith]
    {
        for value in ["\0", "a\0"] {
            assert_eq!(
                bench.names(bench.compare("person", "name", operator, value)).await,
                [""; 0]
            );
        }
    }
    let listed = Filter::is_one_of(bench.field("person", "name"), vec!["\0".into(), "a".into()]);
    assert_eq!(bench.names(listed).await, ["a"]);
}

pub async fn text_of_any_kind_survives(bench: Bench) {
    let texts = [
        "",
        " ",
        "'; drop table x; --",
        "\"",
        "\\",
        "\u{1F600}\u{0301}",
        "\u{7f}\u{1}\r\n\t",
        "null",
    ];
    for (index, text_in) in texts.into_iter().enumerate() {
        let mut row = bench.person_row(&format!("p{index}"));
        row.set("name", text_in.into());
        row.set("settings", Value::Json(json!({ text_in: text_in })));
        let row = bench.store.create(row).await.expect("a new row");
        assert_eq!(text(&row, "name"), text_in);
        assert_eq!(bench.names(bench.is("person", "name", text_in)).await, [text_in]);
        let listed = Filter::is_one_of(bench.field("person", "name"), vec![text_in.into()]);
        assert_eq!(bench.names(listed).await, [text_in]);
    }
}

pub async fn huge_text_survives(bench: Bench) {
    let huge = "ä".repeat(1_000_000);
    let mut row = bench.person_row("ann");
    row.set("name", huge.as_str().into());
    bench.store.create(row).await.expect("a new row");
    assert_eq!(bench.names(bench.is("person", "name", huge.as_str())).await, [huge]);
}

pub async fn a_commit_keeps_everything(bench: Bench) {
    let transaction = bench.store.begin().await.expect("a transaction");
    transaction.create(bench.person_row("ann")).await.expect("a new row");
    transaction.create(bench.person_row("bob")).await.expect("a new row");
    transaction.commit().await.expect("a commit");
    assert_eq!(bench.names(Filter::EVERYTHING).await, ["ann", "bob"]);
}

pub async fn a_roll_back_undoes_everything(bench: Bench) {
    bench.person("ann").await;
    let transaction = bench.store.begin().await.expect("a transaction");
    transaction.create(bench.person_row("bob")).await.expect("a new row");
    let update = bench.update("person", Filter::EVERYTHING, &[("name", "x".into())]);
    transaction.update_many(update).await.expect("an update");
    transaction.roll_back().await.expect("a roll-back");
    assert_eq!(bench.names(Filter::EVERYTHING).await, ["ann"]);
}

pub async fn a_dropped_transaction_is_undone(bench: Bench) {
    let transaction = bench.store.begin().await.expect("a transaction");
    transaction.create(bench.person_row("ann")).await.expect("a new row");
    drop(transaction);
    bench.person("bob").await;
    assert_eq!(bench.names(Filter::EVERYTHING).await, ["bob"]);
}

pub async fn a_transaction_sees_its_own_changes(bench: Bench) {
    let transaction = bench.store.begin().await.expect("a transaction");
    transaction.create(bench.person_row("ann")).await.expect("a new row");
    let by_id = || bench.is("person", "id", "ann");
    let found = transaction.find_one(bench.find("person", by_id())).await.expect("an answer");
    assert!(found.is_some());
    let gone = transaction.consume_one(bench.model("person"), by_id()).await.expect("an answer");
    assert!(gone.is_some());
    let count = transaction.count(bench.model("person"), Filter::EVERYTHING).await;
    assert_eq!(count.expect("a number"), 0);
    transaction.commit().await.expect("a commit");
    assert_eq!(bench.count("person").await, 0);
}

pub async fn nobody_sees_an_open_transaction(bench: Bench) {
    let transaction = bench.store.begin().await.expect("a transaction");
    transaction.create(bench.person_row("ann")).await.expect("a new row");
    // A store with one connection answers when the transaction has ended.
    let outside = bench.clone();
    let names = tokio::spawn(async move { outside.names(Filter::EVERYTHING).await });
    tokio::task::yield_now().await;
    transaction.roll_back().await.expect("a roll-back");
    assert_eq!(names.await.expect("an answer"), [""; 0]);
}

pub async fn a_cancelled_transaction_is_undone(bench: Bench) {
    for steps in 0..30 {
        let inside = bench.clone();
        let work = async move {
            let transaction = inside.store.begin().await?;
            for index in 0..3 {
                transaction.create(inside.person_row(&format!("p{index}"))).await?;
            }
            std::future::pending::<Result<(), StoreError>>().await
        };
        // Given up at each of its awaits in turn.
        poll_times(work, steps).await;
        let after = bench.store.create(bench.person_row(&format!("after{steps}"))).await;
        after.expect("a new row");
        assert_eq!(bench.count("person").await, steps + 1);
    }
}

/// Polls a future some times, then drops it.
async fn poll_times<T>(future: impl Future<Output = T>, times: u64) {
    let mut future = std::pin::pin!(future);
    let mut polled = 0;
    std::future::poll_fn(|context| {
        if polled == times || future.as_mut().poll(context).is_ready() {
            return std::task::Poll::Ready(());
        }
        polled += 1;
        if polled > 5 {
            // Later awaits wait for nothing but the end.
            // tidy-allow(sleep): paces the polls of a future that is about to be dropped.
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

pub async fn a_transaction_ends_once(bench: Bench) {
    let transaction = bench.store.begin().await.expect("a transaction");
    transaction.commit().await.expect("a commit");
    assert!(transaction.commit().await.is_err());
    assert!(transaction.roll_back().await.is_err());
    assert!(transaction.create(bench.person_row("ann")).await.is_err());
    assert_eq!(bench.count("person").await, 0);
}

pub async fn transactions_do_not_nest(bench: Bench) {
    let transaction = bench.store.begin().await.expect("a transaction");
    assert!(transaction.begin().await.is_err());
}

pub async fn a_conflict_in_a_transaction_undoes_it(bench: Bench) {
    bench.person("ann").await;
    let transaction = bench.store.begin().await.expect("a transaction");
    transaction.create(bench.person_row("bob")).await.expect("a new row");
    let conflict = transaction.create(bench.person_row("ann")).await;
    assert!(matches!(conflict, Err(StoreError::Conflict { .. })), "{conflict:?}");
    drop(transaction);
    assert_eq!(bench.names(Filter::EVERYTHING).await, ["ann"]);
}

pub async fn concurrent_transactions_all_count(bench: Bench) {
    bench.token("a", Some(0)).await;
    bench
        .fifty(|bench, index| async move {
            let transaction = bench.store.begin().await.expect("a transaction");
            transaction.create(bench.person_row(&format!("p{index}"))).await.expect("a new row");
            let counted = transaction.increment_one(bench.increment("a", 1, None)).await;
            assert!(counted.expect("an answer").is_some());
            if index % 2 == 0 {
                transaction.commit().await.expect("a commit");
            }
        })
        .await;
    let row = bench.find_one("token", Filter::EVERYTHING).await.expect("the row");
    assert_eq!((integer(&row, "count"), bench.count("person").await), (25, 25));
}

pub async fn the_database_counts_rows(bench: Bench) {
    let place = async |store: &dyn Store, id: &str| {
        let row = store.create(bench.row("queue", &[("id", id.into())])).await.expect("a new row");
        integer(&row, "place")
    };
    let first = place(&*bench.store, "a").await;
    let transaction = bench.store.begin().await.expect("a transaction");
    let second = place(&*transaction, "b").await;
    let third = place(&*transaction, "c").await;
    transaction.commit().await.expect("a commit");
    let fourth = place(&*bench.store, "d").await;
    assert!(first < second && second < third && third < fourth);
    let stored = bench.find_one("queue", bench.is("queue", "id", "c")).await.expect("the row");
    assert_eq!(integer(&stored, "place"), third);
}

pub async fn it_answers_a_ping(bench: Bench) {
    bench.store.ping().await.expect("an answer");
    let transaction = bench.store.begin().await.expect("a transaction");
    transaction.ping().await.expect("an answer");
}

pub async fn the_database_makes_uuids(bench: Bench) {
    let ann = bench.person("ann").await;
    let bob = bench.person("bob").await;
    let (id, other) = (text(&ann, "id"), text(&bob, "id"));
    assert_ne!(id, other);
    let bytes = id.as_bytes();
    assert_eq!((id.len(), bytes[8], bytes[14]), (36, b'-', b'4'), "{id}");
    assert!(
        id.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit() || byte.is_ascii_lowercase())
    );
    find_by_made_ids(&bench, &ann, "not-a-uuid").await;
    let given = "6b1f7c1e-3f0a-4a52-9d4c-0123456789ab";
    let mut row = bench.person_row("cid");
    row.set("id", given.into());
    assert_eq!(text(&bench.store.create(row).await.expect("a new row"), "id"), given);
}

pub async fn the_database_counts_ids(bench: Bench) {
    let ann = bench.person("ann").await;
    let bob = bench.person("bob").await;
    assert_eq!((text(&ann, "id"), text(&bob, "id")), ("1".to_owned(), "2".to_owned()));
    for name in ["c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10"] {
        bench.person(name).await;
    }
    let last =
        Find { order: vec![(0, Order::Descending)], ..bench.find("person", Filter::EVERYTHING) };
    let last = bench.store.find_one(last).await.expect("an answer").expect("a row");
    assert_eq!(text(&last, "id"), "10");
    for nobody in ["99999999999", "99999999999999999999999", "01", "1.0", "", "x"] {
        find_by_made_ids(&bench, &ann, nobody).await;
    }
}

/// Ids are text on this side, in filters, lists and references; text that is no id finds nothing.
async fn find_by_made_ids(bench: &Bench, ann: &Row, nobody: &str) {
    let id = || text(ann, "id");
    assert_eq!(bench.names(bench.is("person", "id", id())).await, ["ann"]);
    assert_eq!(bench.names(bench.is("person", "id", nobody)).await, [""; 0]);
    let not = bench.compare("person", "id", Operator::NotEqual, nobody);
    assert_eq!(bench.names(not).await.len() as u64, bench.count("person").await);
    let starts = bench.compare("person", "id", Operator::StartsWith, id());
    assert!(bench.names(starts).await.contains(&"ann".to_owned()));
    let listed = Filter::is_one_of(0, vec![id().into(), nobody.into()]);
    assert_eq!(bench.names(listed).await, ["ann"]);
    let value = format!("of ann {nobody}");
    let row = [("value", value.as_str().into()), ("personId", id().into())];
    let token = bench.create("token", &row).await;
    assert_eq!(text(&token, "personId"), id());
    let join =
        Join { on: bench.field("token", "personId"), model: bench.model("person"), field: 0 };
    let find = bench.find("token", bench.is("token", "personId", id()));
    let found = bench.store.find_one_with(find, join).await.expect("an answer");
    let (_, person) = found.expect("the token");
    assert_eq!(text(&person.expect("its person"), "id"), id());
    let row = [("value", "of nobody".into()), ("personId", nobody.into())];
    let result = bench.store.create(bench.row("token", &row)).await;
    assert!(matches!(result, Err(StoreError::Refused { .. })), "{result:?}");
}
