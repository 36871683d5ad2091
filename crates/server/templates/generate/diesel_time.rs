/// A time as SQLite has it here: ISO 8601 in UTC, which compares as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(diesel::expression::AsExpression, diesel::deserialize::FromSqlRow)]
#[diesel(sql_type = diesel::sql_types::Text)]
pub struct UtcTime(pub chrono::DateTime<chrono::Utc>);

impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::sqlite::Sqlite> for UtcTime {
    fn to_sql<'b>(
        &'b self,
        output: &mut diesel::serialize::Output<'b, '_, diesel::sqlite::Sqlite>,
    ) -> diesel::serialize::Result {
        output.set_value(self.0.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
        Ok(diesel::serialize::IsNull::No)
    }
}

impl diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::sqlite::Sqlite> for UtcTime {
    fn from_sql(
        value: <diesel::sqlite::Sqlite as diesel::backend::Backend>::RawValue<'_>,
    ) -> diesel::deserialize::Result<Self> {
        type Text = diesel::sql_types::Text;
        type Sqlite = diesel::sqlite::Sqlite;
        let text = <String as diesel::deserialize::FromSql<Text, Sqlite>>::from_sql(value)?;
        Ok(Self(chrono::DateTime::parse_from_rfc3339(&text)?.to_utc()))
    }
}
