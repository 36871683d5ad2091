//! What is asked, and what mends, as SQL. Every name is quoted, and every statement is one line.

use vestibule_core::schema::Model;
use vestibule_core::schema::diff::index_name;

use super::Question;
use crate::dialect::{Dialect, quoted};
use crate::migrate::Planner;
use crate::statement::table_name;

pub(super) struct Statements {
    dialect: Dialect,
    /// `"user"`, qualified where a schema is configured.
    users: String,
    user_id: String,
    user_email: String,
    user_email_verified: String,
    /// The application's table.
    rows: String,
    id: String,
    /// `null` where there is no such column.
    email: String,
    /// As it is in the question.
    question: Question,
    /// Ids can be compared as they are.
    pub(super) is_same_type: bool,
}

/// What to select, and from where.
pub(super) struct Rows {
    sample: String,
    from: String,
}

impl Rows {
    fn new(sample: &str, from: String) -> Self {
        Self { sample: sample.to_owned(), from }
    }

    pub(super) fn count(&self) -> String {
        // Groups are counted as one each.
        format!(
            "select count(*) from (select {} as sample from {}) as found",
            self.sample, self.from
        )
    }

    pub(super) fn samples(&self, limit: usize) -> String {
        format!("select {} from {} limit {limit}", self.sample, self.from)
    }
}

impl Statements {
    pub(super) fn new(
        planner: &Planner,
        user: &Model,
        question: &Question,
        is_same_type: bool,
    ) -> Self {
        let column = |field: &str| {
            let field = user.field(field).expect("the core declares the fields of its user");
            quoted(&field.column)
        };
        Self {
            dialect: planner.dialect,
            users: table_name(planner.schema_name.as_deref(), &user.table),
            user_id: column("id"),
            user_email: column("email"),
            user_email_verified: column("emailVerified"),
            rows: table_name(question.schema_name.as_deref(), &question.table),
            id: quoted(&question.id),
            email: question.email.as_deref().map_or_else(|| "null".to_owned(), quoted),
            question: question.clone(),
            is_same_type,
        }
    }

    pub(super) fn totals(&self) -> String {
        let Self { users, rows, .. } = self;
        format!("select (select count(*) from {users}), (select count(*) from {rows})")
    }

    /// `r` is a row, `u` a user.
    fn matches(&self) -> String {
        let Self { user_id, id, .. } = self;
        self.is_same(&format!("u.{user_id}"), &format!("r.{id}"))
    }

    fn is_same(&self, one: &str, other: &str) -> String {
        match (self.is_same_type, self.dialect) {
            (false, Dialect::Postgres) => format!("{one}::text = {other}::text"),
            (true, Dialect::Postgres) | (_, Dialect::Sqlite) => format!("{one} = {other}"),
        }
    }

    /// That a table does not have the value in its column: PostgreSQL hashes the one form, SQLite makes
    /// an index of the other, and both would go through the table again and again for the other one's.
    fn is_absent(&self, value: &str, column: &str, table: &str) -> String {
        match self.dialect {
            Dialect::Postgres => {
                let is_same = self.is_same(value, &format!("o.{column}"));
                format!("not exists (select 1 from {table} as o where {is_same})")
            }
            Dialect::Sqlite => format!(
                "{value} not in (select o.{column} from {table} as o where o.{column} is not null)"
            ),
        }
    }

    fn is_orphan(&self) -> String {
        let Self { users, user_id, id, .. } = self;
        let is_absent = self.is_absent(&format!("r.{id}"), user_id, users);
        format!("r.{id} is not null and {is_absent}")
    }

    fn has_no_row(&self) -> String {
        self.is_absent(&format!("u.{}", self.user_id), &self.id, &self.rows)
    }

    pub(super) fn orphans(&self) -> Rows {
        Rows::new(
            &format!("r.{}", self.id),
            format!("{} as r where {}", self.rows, self.is_orphan()),
        )
    }

    pub(super) fn delete_orphans(&self) -> String {
        format!("delete from {} as r where {}", self.rows, self.is_orphan())
    }

    /// For a column that takes null.
    pub(super) fn release_orphans(&self) -> String {
        format!("update {} as r set {} = null where {}", self.rows, self.id, self.is_orphan())
    }

    pub(super) fn missing(&self) -> Rows {
        let from = format!("{} as u where {}", self.users, self.has_no_row());
        Rows::new(&format!("u.{}", self.user_id), from)
    }

    /// Users whose address a row has already are left out: that row may be theirs.
    pub(super) fn insert_missing(&self) -> String {
        let Self { users, user_id, user_email, rows, id, email, .. } = self;
        let has_no_row = self.has_no_row();
        if self.question.email.is_none() {
            return format!(
                "insert into {rows} ({id}) select u.{user_id} from {users} as u where {has_no_row} \
                 on conflict do nothing"
            );
        }
        // Each in the form that the database finds by a hash or an index.
        let is_free = match self.dialect {
            Dialect::Postgres => format!(
                "not exists (select 1 from {rows} as r where lower(r.{email}) = u.{user_email})"
            ),
            Dialect::Sqlite => format!(
                "u.{user_email} not in (select lower(r.{email}) from {rows} as r where r.{email} is not null)"
            ),
        };
        format!(
            "insert into {rows} ({id}, {email}) select u.{user_id}, u.{user_email} from {users} as u \
             where {has_no_row} and {is_free} on conflict do nothing"
        )
    }

    pub(super) fn duplicates(&self) -> Rows {
        let Self { rows, id, .. } = self;
        let from =
            format!("{rows} as r where r.{id} is not null group by r.{id} having count(*) > 1");
        Rows::new(&format!("r.{id}"), from)
    }

    pub(super) fn show_duplicates(&self) -> String {
        let Self { rows, id, .. } = self;
        format!(
            "select * from {rows} where {id} in (select {id} from {rows} group by {id} having count(*) > 1) \
             order by {id}"
        )
    }

    pub(super) fn unique_index(&self) -> String {
        let Question { table, id, .. } = &self.question;
        let name = quoted(&index_name(table, std::slice::from_ref(id), true));
        format!("create unique index {name} on {} ({})", self.rows, self.id)
    }

    pub(super) fn null_ids(&self, has_email: bool) -> Rows {
        let sample = if has_email { format!("r.{}", self.email) } else { "null".to_owned() };
        Rows::new(&sample, format!("{} as r where r.{} is null", self.rows, self.id))
    }

    /// Rows that have the verified address of a user who has no row, while no other row has it.
    fn is_adoptable(&self) -> String {
        let Self { dialect, user_email, user_email_verified, rows, id, email, .. } = self;
        let is_verified = format!("u.{user_email_verified} = {}", dialect.boolean(true));
        let has_no_row = self.has_no_row();
        format!(
            "r.{id} is null and u.{user_email} = lower(r.{email}) and {is_verified} \
             and {has_no_row} and lower(r.{email}) not in (select lower(o.{email}) from {rows} as o \
             where o.{email} is not null group by lower(o.{email}) having count(*) > 1)"
        )
    }

    pub(super) fn adoptable(&self) -> String {
        let Self { users, rows, .. } = self;
        let is_adoptable = self.is_adoptable();
        format!("select count(*) from {rows} as r, {users} as u where {is_adoptable}")
    }

    pub(super) fn adopt(&self) -> String {
        let Self { users, user_id, rows, id, .. } = self;
        let is_adoptable = self.is_adoptable();
        format!("update {rows} as r set {id} = u.{user_id} from {users} as u where {is_adoptable}")
    }

    fn email_differs(&self) -> String {
        let Self { user_email, email, .. } = self;
        let differs = match self.dialect {
            Dialect::Postgres => "is distinct from",
            Dialect::Sqlite => "is not",
        };
        format!("{} and r.{email} {differs} u.{user_email}", self.matches())
    }

    pub(super) fn differing_emails(&self) -> Rows {
        let Self { users, rows, email, .. } = self;
        let from = format!("{rows} as r, {users} as u where {}", self.email_differs());
        Rows::new(&format!("r.{email}"), from)
    }

    pub(super) fn copy_email_case(&self) -> String {
        let Self { user_email, email, .. } = self;
        format!("{} and lower(r.{email}) = lower(u.{user_email})", self.copy_emails())
    }

    pub(super) fn copy_emails(&self) -> String {
        let Self { users, user_email, rows, email, .. } = self;
        let differs = self.email_differs();
        format!("update {rows} as r set {email} = u.{user_email} from {users} as u where {differs}")
    }

    pub(super) fn clashing_emails(&self) -> Rows {
        let Self { rows, email, .. } = self;
        let from = format!(
            "{rows} as r where r.{email} is not null group by lower(r.{email}) having count(*) > 1"
        );
        Rows::new(&format!("lower(r.{email})"), from)
    }

    pub(super) fn show_clashing_emails(&self) -> String {
        let Self { rows, email, .. } = self;
        format!(
            "select * from {rows} where lower({email}) in (select lower({email}) from {rows} \
             group by lower({email}) having count(*) > 1) order by lower({email})"
        )
    }

    pub(super) fn user_emails(&self) -> Rows {
        let Self { users, user_email, .. } = self;
        let from = format!("{users} as u where u.{user_email} <> lower(u.{user_email})");
        Rows::new(&format!("u.{user_email}"), from)
    }

    pub(super) fn lower_user_emails(&self) -> String {
        let Self { users, user_email, .. } = self;
        format!(
            "update {users} set {user_email} = lower({user_email}) where {user_email} <> lower({user_email})"
        )
    }

    /// SQLite cannot change the type of a column, and hardly has any.
    pub(super) fn alter_type(&self, wanted: &str) -> Vec<String> {
        let Self { rows, id, .. } = self;
        match self.dialect {
            Dialect::Sqlite => Vec::new(),
            Dialect::Postgres => {
                let wanted = quoted(wanted);
                let cast = format!("{id}::text::{wanted}");
                vec![format!("alter table {rows} alter column {id} type {wanted} using {cast}")]
            }
        }
    }
}
