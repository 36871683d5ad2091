//! Statements: a shape written as SQL, once.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use vestibule_core::schema::{DefaultValue, Field, IdPolicy, Model};
use vestibule_core::store::{Operator, Order};

use crate::dialect::{Dialect, quoted};
use crate::shape::{Comparison, Kind, NewId, Operation, Query, Shape, Token, is_text};

/// Shapes that are kept. Filters come from code, so there are few; past this, all are forgotten.
const SHAPES_LIMIT: usize = 2_000;

/// One kind of query, ready to be sent.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) model: Arc<Model>,
    pub(crate) joined: Option<Arc<Model>>,
    pub(crate) operation: Operation,
    /// It reads few rows, by an index: the time it takes does not grow with the table.
    #[cfg_attr(
        not(feature = "sqlite"),
        expect(dead_code, reason = "PostgreSQL's time is not ours")
    )]
    pub(crate) is_quick: bool,
}

impl Statement {
    /// The fields of the columns that come back, in their order.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&Model, &Field)> {
        let joined = self
            .joined
            .iter()
            .flat_map(|model| model.fields.iter().map(move |field| (&**model, field)));
        self.model.fields.iter().map(|field| (&*self.model, field)).chain(joined)
    }

    /// What it does, for errors and logs: no values in it.
    pub(crate) fn attempt(&self) -> String {
        let verb = match self.operation {
            Operation::Create(_) => "insert into",
            Operation::FindOne | Operation::FindOneWith { .. } | Operation::FindMany { .. } => {
                "read"
            }
            Operation::Count => "count",
            Operation::Update | Operation::UpdateMany | Operation::IncrementOne => "update",
            Operation::DeleteMany | Operation::ConsumeOne => "delete from",
        };
        format!("{verb} `{}`", self.model.table)
    }
}

/// All statements that were asked for so far.
#[derive(Debug)]
pub(crate) struct Statements {
    dialect: Dialect,
    id_policy: IdPolicy,
    schema_name: Option<String>,
    by_shape: RwLock<HashMap<Shape, Arc<Statement>>>,
}

impl Statements {
    pub(crate) fn new(dialect: Dialect, id_policy: IdPolicy, schema_name: Option<String>) -> Self {
        Self { dialect, id_policy, schema_name, by_shape: RwLock::default() }
    }

    pub(crate) fn of(&self, query: &Query) -> Arc<Statement> {
        // The map is replaced or added to as a whole, so a panic elsewhere leaves it usable.
        let by_shape = self.by_shape.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(statement) = by_shape.get(&query.shape) {
            return statement.clone();
        }
        drop(by_shape);
        let statement = Arc::new(self.write(query));
        let mut by_shape = self.by_shape.write().unwrap_or_else(PoisonError::into_inner);
        if by_shape.len() >= SHAPES_LIMIT {
            by_shape.clear();
        }
        by_shape.insert(query.shape.clone(), statement.clone());
        statement
    }

    fn write(&self, query: &Query) -> Statement {
        let mut writer = Writer {
            statements: self,
            model: &query.model,
            alias: "",
            tokens: &query.shape.tokens,
            sql: String::with_capacity(256),
            arguments: 0,
            is_keyed: false,
        };
        let operation = query.shape.operation;
        writer.operation(operation, query.joined.as_deref());
        let is_short = matches!(
            operation,
            Operation::FindOne
                | Operation::FindOneWith { .. }
                | Operation::FindMany { limit: true, .. }
        );
        let is_quick = writer.is_keyed && is_short;
        Statement {
            sql: writer.sql,
            model: query.model.clone(),
            joined: query.joined.clone(),
            operation,
            is_quick,
        }
    }

    /// The name of a model's table, with its schema.
    pub(crate) fn table(&self, table: &str) -> String {
        table_name(self.schema_name.as_deref(), table)
    }
}

pub(crate) fn table_name(schema_name: Option<&str>, table: &str) -> String {
    match schema_name {
        Some(schema) => format!("{}.{}", quoted(schema), quoted(table)),
        None => quoted(table),
    }
}

struct Writer<'a> {
    statements: &'a Statements,
    model: &'a Model,
    /// Before each column of the filter and the order: `a.` in what reads.
    alias: &'static str,
    tokens: &'a [Token],
    sql: String,
    /// Placeholders so far.
    arguments: u32,
    /// The filter asks for one value of an indexed column.
    is_keyed: bool,
}

impl Writer<'_> {
    fn operation(&mut self, operation: Operation, joined: Option<&Model>) {
        let table = self.statements.table(&self.model.table);
        match operation {
            Operation::Create(new_id) => self.insert(&table, new_id),
            Operation::FindOne => {
                self.select(&table);
                self.filter_and_order();
                self.push(" limit 1");
            }
            Operation::FindOneWith { on, field } => self.select_with(&table, joined, on, field),
            Operation::FindMany { limit, offset } => {
                self.select(&table);
                self.filter_and_order();
                match (limit, offset, self.statements.dialect) {
                    (true, ..) => self.push_argument(" limit "),
                    (false, true, Dialect::Sqlite) => self.push(" limit -1"),
                    _ => {}
                }
                if offset {
                    self.push_argument(" offset ");
                }
            }
            Operation::Count => {
                self.push(&format!("select count(*) from {table}"));
                self.filter_and_order();
            }
            Operation::Update | Operation::UpdateMany => {
                self.push(&format!("update {table} set "));
                self.assignments();
                self.filter_and_order();
                if operation == Operation::Update {
                    self.returning();
                }
            }
            Operation::DeleteMany => {
                self.push(&format!("delete from {table}"));
                self.filter_and_order();
            }
            Operation::ConsumeOne => {
                self.push(&format!("delete from {table}"));
                self.one_of(&table);
                self.returning();
            }
            Operation::IncrementOne => {
                self.push(&format!("update {table} set "));
                self.assignments();
                self.one_of(&table);
                self.returning();
            }
        }
    }

    fn insert(&mut self, table: &str, new_id: NewId) {
        let made = self.statements.dialect.new_id(self.statements.id_policy);
        let skipped = usize::from(new_id == NewId::Made);
        let (mut columns, mut values) = (Vec::new(), Vec::new());
        for field in self.model.fields.iter().skip(skipped) {
            let column = quoted(&field.column);
            values.push(match field.default {
                DefaultValue::Counted => self.statements.dialect.next_count(table, &column),
                _ => self.next_argument(),
            });
            columns.push(column);
        }
        if let (NewId::Made, Some(made)) = (new_id, made) {
            columns.insert(0, quoted(&self.model.fields[0].column));
            values.insert(0, made.to_owned());
        }
        let (columns, values) = (columns.join(", "), values.join(", "));
        self.push(&format!("insert into {table} ({columns}) values ({values})"));
        self.returning();
    }

    /// Columns go by the table's alias: without it an order would be that of the text which
    /// PostgreSQL turns ids into for us.
    fn select(&mut self, table: &str) {
        self.alias = "a.";
        let columns = self.columns(self.model, self.alias);
        self.push(&format!("select {columns} from {table} as a"));
    }

    fn select_with(&mut self, table: &str, joined: Option<&Model>, on: u32, field: u32) {
        let Some(joined) = joined else { unreachable!("a join has its model") };
        let own = self.columns(self.model, "a.");
        let others = self.columns(joined, "b.");
        let other_table = self.statements.table(&joined.table);
        let on = quoted(&self.model.fields[on as usize].column);
        let field = quoted(&joined.fields[field as usize].column);
        self.push(&format!(
            "select {own}, {others} from {table} as a left join {other_table} as b on b.{field} = a.{on}"
        ));
        self.alias = "a.";
        self.filter_and_order();
        self.push(" limit 1");
    }

    /// A condition that only one of the rows fulfils that match, and which stays that row's alone:
    /// PostgreSQL locks it, looks again at what others have changed meanwhile, and takes the next if
    /// it is gone; in SQLite nobody else writes.
    fn one_of(&mut self, table: &str) {
        let id = quoted(&self.model.fields[0].column);
        self.push(&format!(" where {id} = (select {id} from {table}"));
        self.filter_and_order();
        self.push(match self.statements.dialect {
            Dialect::Sqlite => " limit 1)",
            Dialect::Postgres => " limit 1 for update)",
        });
    }

    fn returning(&mut self) {
        let columns = self.columns(self.model, "");
        self.push(" returning ");
        self.push(&columns);
    }

    fn columns(&self, model: &Model, alias: &str) -> String {
        let column = |field: &Field| match self.statements.dialect {
            // Ids and texts come back as text whether their columns are `uuid`, `integer` or an extension's type.
            Dialect::Postgres if is_text(field) => {
                format!("{alias}{}::text", quoted(&field.column))
            }
            _ => format!("{alias}{}", quoted(&field.column)),
        };
        model.fields.iter().map(column).collect::<Vec<_>>().join(", ")
    }

    fn assignments(&mut self) {
        let mut separator = "";
        while let [token @ (Token::Set(field) | Token::Add(field)), rest @ ..] = self.tokens {
            self.tokens = rest;
            let column = quoted(&self.model.fields[*field as usize].column);
            self.push(separator);
            separator = ", ";
            self.push(&match token {
                Token::Add(_) => format!("{column} = coalesce({column}, 0) + "),
                _ => format!("{column} = "),
            });
            let argument = self.next_argument();
            self.push(&argument);
            if let Token::Add(_) = token {
                self.cast(Kind::Integer);
            }
        }
    }

    fn filter_and_order(&mut self) {
        if !matches!(self.tokens.first(), Some(Token::Everything | Token::Order(..)) | None) {
            self.push(" where ");
            self.filter(true);
        } else if let [Token::Everything, rest @ ..] = self.tokens {
            self.tokens = rest;
        }
        let mut separator = " order by ";
        while let [Token::Order(field, order), rest @ ..] = self.tokens {
            self.tokens = rest;
            self.push(separator);
            separator = ", ";
            let column = self.column(*field);
            self.push(&column);
            self.push(match order {
                Order::Ascending => " asc",
                Order::Descending => " desc",
            });
        }
    }

    /// Writes one filter; `required` says that all rows found must fulfil it.
    fn filter(&mut self, required: bool) {
        let [token, rest @ ..] = self.tokens else { unreachable!("a filter is complete") };
        self.tokens = rest;
        match *token {
            Token::All(count) => self.group(count, " and ", required),
            Token::Any(count) => self.group(count, " or ", false),
            Token::Everything => self.push("1 = 1"),
            Token::Nothing => self.push("1 = 0"),
            Token::Compare(field, comparison, kind) => {
                let is_equal = comparison == Comparison::Operator(Operator::Equal);
                let field_has_index = {
                    let field = &self.model.fields[field as usize];
                    field.name == "id" || field.unique || field.index
                };
                self.is_keyed |= required && is_equal && field_has_index;
                self.compare(field, comparison, kind);
            }
            Token::Set(_) | Token::Add(_) | Token::Order(..) => {
                unreachable!("assignments come before a filter, the order after it")
            }
        }
    }

    fn group(&mut self, count: u32, separator: &str, required: bool) {
        self.push("(");
        for index in 0..count {
            if index > 0 {
                self.push(separator);
            }
            self.filter(required);
        }
        self.push(")");
    }

    fn compare(&mut self, field: u32, comparison: Comparison, kind: Kind) {
        let column = self.column(field);
        let operator = match comparison {
            Comparison::IsNull => return self.push(&format!("{column} is null")),
            Comparison::IsNotNull => return self.push(&format!("{column} is not null")),
            Comparison::Operator(operator) => operator,
        };
        let symbol = match operator {
            Operator::Equal => " = ",
            Operator::NotEqual => " <> ",
            Operator::Less => " < ",
            Operator::LessOrEqual => " <= ",
            Operator::Greater => " > ",
            Operator::GreaterOrEqual => " >= ",
            Operator::In | Operator::NotIn => return self.compare_list(&column, operator, kind),
            Operator::Contains | Operator::StartsWith | Operator::EndsWith => {
                return self.compare_part(&column, operator);
            }
        };
        self.push(&column);
        self.push_argument(symbol);
        self.cast(kind);
    }

    fn compare_list(&mut self, column: &str, operator: Operator, kind: Kind) {
        let argument = self.next_argument();
        let is_in = operator == Operator::In;
        match self.statements.dialect {
            Dialect::Sqlite => {
                let not = if is_in { "" } else { "not " };
                let list = format!("(select value from json_each({argument}))");
                self.push(&format!("{column} {not}in {list}"));
            }
            Dialect::Postgres => {
                let test = if is_in { "= any" } else { "<> all" };
                let cast = match kind {
                    Kind::Text => "",
                    Kind::Integer => "::bigint[]",
                    Kind::Real => "::double precision[]",
                };
                self.push(&format!("{column} {test}({argument}{cast})"));
            }
        }
    }

    /// Part of a text, without the wildcards of `like`.
    fn compare_part(&mut self, column: &str, operator: Operator) {
        let text = self.next_argument();
        let test = match self.statements.dialect {
            Dialect::Sqlite => match operator {
                Operator::Contains => format!("instr({column}, {text}) > 0"),
                Operator::StartsWith => format!("substr({column}, 1, length({text})) = {text}"),
                _ => format!("substr({column}, length({column}) - length({text}) + 1) = {text}"),
            },
            Dialect::Postgres => match operator {
                Operator::Contains => format!("strpos({column}::text, {text}::text) > 0"),
                Operator::StartsWith => format!("starts_with({column}::text, {text}::text)"),
                _ => format!("right({column}::text, length({text}::text)) = {text}::text"),
            },
        };
        self.push(&test);
    }

    /// Tells PostgreSQL the type of the argument just written.
    fn cast(&mut self, kind: Kind) {
        match (self.statements.dialect, kind) {
            (Dialect::Postgres, Kind::Integer) => self.push("::bigint"),
            (Dialect::Postgres, Kind::Real) => self.push("::double precision"),
            _ => {}
        }
    }

    fn column(&self, field: u32) -> String {
        format!("{}{}", self.alias, quoted(&self.model.fields[field as usize].column))
    }

    fn push_argument(&mut self, before: &str) {
        self.push(before);
        let argument = self.next_argument();
        self.push(&argument);
    }

    fn next_argument(&mut self) -> String {
        self.arguments += 1;
        let mark = match self.statements.dialect {
            Dialect::Sqlite => '?',
            Dialect::Postgres => '$',
        };
        format!("{mark}{}", self.arguments)
    }

    fn push(&mut self, text: &str) {
        self.sql.push_str(text);
    }
}
