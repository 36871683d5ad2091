//! Putting the schema together at the start: declared models, then additions, then renames.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Field, FieldKind, IdPolicy, Index, Model, Schema};
use crate::store::ModelRow;

/// Collects models and what options and plugins add to them.
#[derive(Debug)]
pub struct Builder {
    id_policy: IdPolicy,
    drafts: Vec<Draft>,
}

#[derive(Debug)]
struct Draft {
    name: String,
    table: String,
    fields: Vec<Field>,
    declared: usize,
    indexes: Vec<Index>,
    disable_migration: bool,
}

/// Why models, renames and additions do not fit together.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SchemaError {
    #[error("there is no model `{model}` to {attempt}")]
    UnknownModel { model: String, attempt: &'static str },
    #[error("`{model}` has no field `{field}` to rename; it has {known}")]
    UnknownField { model: String, field: String, known: String },
    #[error("`{model}` has two fields in the column \"{column}\"")]
    DuplicateColumn { model: String, column: String },
    #[error("two models have the name `{model}`")]
    DuplicateModel { model: String },
    #[error("two models are stored in the table \"{table}\"")]
    DuplicateTable { table: String },
    #[error("`{model}`.`{field}` refers to `{target}`, which is not a field of a model")]
    UnknownReference { model: String, field: String, target: String },
    #[error("an index of `{model}` names the field `{field}`, which it does not have")]
    UnknownIndexField { model: String, field: String },
    #[error("the name {name:?} {reason}")]
    BadName { name: String, reason: &'static str },
}

impl Builder {
    pub(super) fn new(id_policy: IdPolicy) -> Self {
        Self { id_policy, drafts: Vec::new() }
    }

    /// Adds the model of a row struct.
    pub fn declare<M: ModelRow>(&mut self) -> &mut Self {
        self.add(M::MODEL, M::fields(), M::indexes())
    }

    /// Adds a model that has no row struct; `id` must be its first field.
    pub fn add(&mut self, name: &str, fields: Vec<Field>, indexes: Vec<Index>) -> &mut Self {
        self.drafts.push(Draft {
            name: name.to_owned(),
            table: name.to_owned(),
            declared: fields.len(),
            fields,
            indexes,
            disable_migration: false,
        });
        self
    }

    /// Adds fields to a model. A field of a name that is there already replaces nothing and is
    /// left out: what a plugin brings stands, as the reference has it the options only add to it.
    pub fn extend(&mut self, model: &str, fields: Vec<Field>) -> Result<&mut Self, SchemaError> {
        let draft = self.draft(model, "extend")?;
        for field in fields {
            if !draft.fields.iter().any(|known| known.name == field.name) {
                draft.fields.push(field);
            }
        }
        Ok(self)
    }

    /// Gives the table of a model another name: `user.modelName`.
    pub fn rename_table(&mut self, model: &str, table: &str) -> Result<&mut Self, SchemaError> {
        check_name(table)?;
        table.clone_into(&mut self.draft(model, "rename")?.table);
        Ok(self)
    }

    /// Gives the column of a field another name: `user.fields`.
    pub fn rename_column(
        &mut self,
        model: &str,
        field: &str,
        column: &str,
    ) -> Result<&mut Self, SchemaError> {
        check_name(column)?;
        let draft = self.draft(model, "rename a field of")?;
        match draft.fields.iter_mut().find(|known| known.name == field && known.name != "id") {
            Some(known) => column.clone_into(&mut known.column),
            None => return Err(draft.unknown_field(field)),
        }
        Ok(self)
    }

    /// Leaves the table of a model out of migrations.
    pub fn disable_migration(&mut self, model: &str) -> Result<&mut Self, SchemaError> {
        self.draft(model, "leave out of migrations")?.disable_migration = true;
        Ok(self)
    }

    pub fn build(self) -> Result<Schema, SchemaError> {
        self.check()?;
        let models: Vec<_> = self.drafts.into_iter().map(|draft| Arc::new(draft.build())).collect();
        let by_name =
            models.iter().enumerate().map(|(index, model)| (model.name.clone(), index)).collect();
        Ok(Schema { models, by_name, id_policy: self.id_policy })
    }

    fn check(&self) -> Result<(), SchemaError> {
        for (index, draft) in self.drafts.iter().enumerate() {
            if self.drafts[..index].iter().any(|other| other.name == draft.name) {
                return Err(SchemaError::DuplicateModel { model: draft.name.clone() });
            }
            if self.drafts[..index].iter().any(|other| other.table == draft.table) {
                return Err(SchemaError::DuplicateTable { table: draft.table.clone() });
            }
            for (index, field) in draft.fields.iter().enumerate() {
                check_name(&field.column)?;
                if draft.fields[..index].iter().any(|other| other.column == field.column) {
                    return Err(SchemaError::DuplicateColumn {
                        model: draft.name.clone(),
                        column: field.column.clone(),
                    });
                }
                let Some(reference) = &field.references else { continue };
                let target = self.drafts.iter().find(|target| target.name == reference.model);
                if !target.is_some_and(|target| target.has(&reference.field)) {
                    return Err(SchemaError::UnknownReference {
                        model: draft.name.clone(),
                        field: field.name.clone(),
                        target: format!("{}.{}", reference.model, reference.field),
                    });
                }
            }
            for field in draft.indexes.iter().flat_map(|index| &index.fields) {
                if !draft.has(field) {
                    return Err(SchemaError::UnknownIndexField {
                        model: draft.name.clone(),
                        field: field.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    fn draft(&mut self, model: &str, attempt: &'static str) -> Result<&mut Draft, SchemaError> {
        self.drafts
            .iter_mut()
            .find(|draft| draft.name == model)
            .ok_or_else(|| SchemaError::UnknownModel { model: model.to_owned(), attempt })
    }
}

impl Draft {
    fn has(&self, field: &str) -> bool {
        self.fields.iter().any(|known| known.name == field)
    }

    fn unknown_field(&self, field: &str) -> SchemaError {
        let known: Vec<_> = self.fields.iter().skip(1).map(|field| field.name.as_str()).collect();
        SchemaError::UnknownField {
            model: self.name.clone(),
            field: field.to_owned(),
            known: known.join(", "),
        }
    }

    fn build(self) -> Model {
        debug_assert!(self.fields[0].kind == FieldKind::Id, "the first field of a model is its id");
        let by_name: HashMap<_, _> = self
            .fields
            .iter()
            .enumerate()
            .map(|(position, field)| (field.name.clone(), position))
            .collect();
        Model {
            name: self.name,
            table: self.table,
            fields: self.fields,
            declared: self.declared,
            indexes: self.indexes,
            disable_migration: self.disable_migration,
            by_name,
        }
    }
}

/// Any name works quoted, but for these: PostgreSQL cuts names after 63 bytes, and neither database takes NUL.
fn check_name(name: &str) -> Result<(), SchemaError> {
    let reason = if name.is_empty() {
        "is empty"
    } else if name.len() > 63 {
        "is longer than the 63 bytes that PostgreSQL keeps of a name"
    } else if name.chars().any(|character| character.is_control()) {
        "contains a control character"
    } else {
        return Ok(());
    };
    Err(SchemaError::BadName { name: name.to_owned(), reason })
}
