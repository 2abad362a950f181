//! Bodies in the API description: their media type, and the schema that describes them.

use doorward_shared::Page;
use utoipa::{PartialSchema, ToSchema, openapi::RefOr};

/// What travels.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) enum Content {
    None,
    Json(SchemaOf),
    /// JSON, or nothing, which stands for all defaults.
    Maybe(SchemaOf),
    Form(SchemaOf),
    /// Either of the two.
    Both(SchemaOf),
    /// Some other text.
    Text(&'static str),
}

pub(super) type Schemas = Vec<(String, RefOr<utoipa::openapi::schema::Schema>)>;

/// How to get at a type's schema.
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
        // Every page is called `Page`; each kind is to have a name of its own.
        let name = format!("Page_{}", T::name());
        Page::<T>::schemas(schemas);
        schemas.push((T::name().into_owned(), T::schema()));
        schemas.push((name.clone(), Page::<T>::schema()));
        name
    })
}
