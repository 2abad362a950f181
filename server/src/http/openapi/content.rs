//! Bodies in the API description: their media type, and the schema that describes them.

use doorward_shared::Page;
use utoipa::{PartialSchema, ToSchema, openapi::RefOr};

/// The content of a body.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) enum Content {
    None,
    Json(SchemaOf),
    /// JSON, or an empty body, which means all defaults.
    Maybe(SchemaOf),
    Form(SchemaOf),
    /// Either of the two.
    Both(SchemaOf),
    /// Other text.
    Text(&'static str),
}

pub(super) type Schemas = Vec<(String, RefOr<utoipa::openapi::schema::Schema>)>;

/// Returns a type's schema.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct SchemaOf(pub(super) fn(&mut Schemas) -> String);

pub(super) const fn of<T: ToSchema>() -> SchemaOf {
    SchemaOf(|schemas| {
        let name = T::name().into_owned();
        T::schemas(schemas);
        schemas.push((name.clone(), T::schema()));
        name
    })
}

pub(super) const fn page_of<T: ToSchema>() -> SchemaOf {
    SchemaOf(|schemas| {
        // Every page type is called `Page`; each needs a schema name of its own.
        let name = format!("Page_{}", T::name());
        Page::<T>::schemas(schemas);
        schemas.push((T::name().into_owned(), T::schema()));
        schemas.push((name.clone(), Page::<T>::schema()));
        name
    })
}
