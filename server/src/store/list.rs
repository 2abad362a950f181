//! Lists: filters, sort order, pages. The only place that composes SQL, always with bound parameters.

use std::fmt::Write as _;

use doorward_shared::{Page, Pagination};
use ulid::Ulid;

use super::{
    StoreError,
    cursor::Cursor,
    row_counts::{self, Count},
    sql::{self, Connection, Row, Value, params_from_iter},
};
use crate::domain::{DomainError, text::fold};

/// Sort order of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The field's name on the wire.
    pub field: String,
    pub descending: bool,
}

/// Parameters of a list request.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// Page size; 0 returns no rows.
    pub limit: u32,
    pub offset: u64,
    /// The `nextCursor` of an earlier page.
    pub cursor: Option<String>,
    /// `None`: the list's default order, newest first.
    pub sort: Option<Sort>,
    /// Text to search for.
    pub q: Option<String>,
}

impl ListQuery {
    /// Whether this page may be sorted by `field`; the order inside a cursor is not decoded.
    pub(super) fn sorts_by(&self, field: &str) -> bool {
        let sort = self.sort.as_ref();
        sort.is_some_and(|sort| sort.field == field)
    }
}

/// Maximum count of matches. Above it the list is scanned in sort order instead of using the filter's index.
pub(super) const COUNTED: u64 = 10_000;

/// Conditions joined by AND. A `~` before a column marks an index that helps only while few rows match.
#[derive(Debug, Default)]
pub(super) struct Filter {
    conditions: Vec<String>,
    values: Vec<Value>,
    /// Number of matching rows, if known without counting.
    total: Option<u64>,
    /// Upper bound that a condition sets on the rows it finds; when it is reached there may be more.
    bound: Option<u64>,
    /// Maximum rows examined, possibly of a larger table.
    looked_at: Option<u64>,
}

/// Number of matching rows.
#[derive(Debug, Clone, Copy)]
struct Total {
    rows: u64,
    /// Whether there may be more.
    at_least: bool,
}

impl Filter {
    /// Adds a condition; each `?` in it takes the next of `values`.
    pub(super) fn and(
        &mut self,
        condition: impl Into<String>,
        values: impl IntoIterator<Item = Value>,
    ) {
        self.conditions.push(condition.into());
        self.values.extend(values);
    }

    /// Whether there are no conditions.
    pub(super) fn is_empty(&self) -> bool {
        self.conditions.is_empty()
    }

    /// Sets the number of matching rows.
    pub(super) fn matching(&mut self, rows: u64) {
        self.total = Some(rows);
    }

    /// Declares that a condition finds at most `rows` rows.
    pub(super) fn bounded(&mut self, rows: u32) {
        self.bound = Some(rows.into());
    }

    /// Declares that at most `rows` rows of the table are examined.
    pub(super) fn among(&mut self, rows: u32) {
        self.looked_at = Some(rows.into());
    }

    /// `column` is one of `ids`; an empty list matches nothing.
    pub(super) fn any_of(&mut self, column: &str, ids: impl IntoIterator<Item = Ulid>) {
        let ids = ids
            .into_iter()
            .map(|id| Value::Blob(id.to_bytes().to_vec()));
        let ids: Vec<_> = ids.collect();
        match ids.len() {
            0 => self.and("FALSE", []),
            many => self.and(format!("{column} IN ({})", vec!["?"; many].join(", ")), ids),
        }
    }

    /// Restricts the filter to the newest `rows` rows that match so far, plus, for each condition of `also`, the newest
    /// `rows` rows that match it: later conditions search text row by row. Each condition needs an index of its own.
    pub(super) fn newest(&mut self, id: &str, from: &str, rows: u32, also: &[(&str, Value)]) {
        let (inner, values) = (self.sql(false), self.values.clone());
        let newest = format!("ORDER BY {id} DESC LIMIT {rows}");
        let mut sources = vec![format!(
            "SELECT * FROM (SELECT {id} FROM {from} WHERE {inner} {newest}) AS newest"
        )];
        let name = from.rsplit(' ').next().unwrap_or(from);
        for (condition, value) in also {
            sources.push(format!(
                "SELECT {id} FROM (SELECT * FROM {from} WHERE {condition} {newest}) AS {name} WHERE {inner}"
            ));
            self.values.push(value.clone());
            self.values.extend(values.iter().cloned());
        }
        self.conditions = vec![format!("{id} IN ({})", sources.join(" UNION ALL "))];
        self.among(rows);
    }

    /// All matching rows, at most `limit`, unordered.
    pub(super) fn all<T>(
        self,
        conn: &Connection,
        columns: &str,
        from: &str,
        limit: usize,
        row: impl Fn(&Row<'_>) -> sql::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let sql = format!(
            "SELECT {columns} FROM {from} WHERE {} LIMIT {limit}",
            self.sql(false)
        );
        let mut select = conn.prepare(&sql)?;
        let rows = select.query_map(params_from_iter(self.values), row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// One row of aggregates over all matching rows. `walk` as in [`Filter::sql`].
    pub(super) fn numbers<T>(
        self,
        conn: &Connection,
        numbers: &str,
        from: &str,
        walk: bool,
        row: impl FnOnce(&Row<'_>) -> sql::Result<T>,
    ) -> Result<T, StoreError> {
        let sql = format!("SELECT {numbers} FROM {from} WHERE {}", self.sql(walk));
        let mut select = conn.prepare(&sql)?;
        Ok(select.query_row(params_from_iter(self.values), row)?)
    }

    /// `walk` disables the index of marked columns.
    fn sql(&self, walk: bool) -> String {
        if self.conditions.is_empty() {
            "TRUE".into()
        } else {
            self.conditions
                .join(" AND ")
                .replace('~', if walk { sql::NO_INDEX } else { "" })
        }
    }
}

/// `text` for `instr(fold(column), ?) > 0`: case-insensitive substring search.
pub(super) fn folded(text: &str) -> Value {
    Value::Text(fold(text))
}

/// The order of a page, and its starting position.
#[derive(Debug)]
pub(super) struct Order {
    by: &'static str,
    sort: Option<Sort>,
    after: Option<Cursor>,
}

/// A list of one kind of row.
pub(super) struct List<T: 'static> {
    /// `table AS alias` and its joins.
    pub from: &'static str,
    pub columns: &'static str,
    /// The id column, the last sort key of every order.
    pub id: &'static str,
    /// The stored row count of the table, if there is one.
    pub kept: Option<Count>,
    /// Sortable fields and their expressions, none of which is ever NULL.
    pub sorts: &'static [(&'static str, &'static str)],
    pub row: fn(&Row<'_>) -> sql::Result<T>,
}

impl<T> List<T> {
    /// Skips the rows of earlier pages.
    fn start_after(&self, filter: &mut Filter, order_by: &str, descending: bool, after: Cursor) {
        let sign = if descending { '<' } else { '>' };
        let Cursor { value, id, .. } = after;
        if order_by == self.id {
            filter.and(format!("{} {sign} ?", self.id), [id]);
        } else {
            filter.and(
                format!("({order_by}, {}) {sign} (?, ?)", self.id),
                [value, id],
            );
        }
    }

    /// The statement of a page: its columns, the sort expression and the id.
    fn select(&self, conditions: &str, order_by: &str, descending: bool) -> String {
        let direction = if descending { "DESC" } else { "ASC" };
        let mut sql = format!(
            "SELECT {}, {order_by}, {} FROM {} WHERE {conditions} ORDER BY {order_by} {direction}",
            self.columns, self.id, self.from
        );
        if order_by != self.id {
            let _ = write!(sql, ", {} {direction}", self.id);
        }
        sql.push_str(" LIMIT ? OFFSET ?");
        sql
    }

    /// One page, and the number of matching rows.
    pub(super) fn page(
        &self,
        conn: &Connection,
        mut filter: Filter,
        query: &ListQuery,
        order: Order,
    ) -> Result<Page<T>, StoreError> {
        let total = self.count(conn, &filter)?;
        let walk = total.rows >= COUNTED;
        let Order { by, sort, after } = order;
        let descending = sort.as_ref().is_none_or(|sort| sort.descending);
        if let Some(after) = after {
            self.start_after(&mut filter, by, descending, after);
        }
        let sql = self.select(&filter.sql(walk), by, descending);
        let offset = query.cursor.as_ref().map_or(query.offset, |_| 0);
        let mut values = filter.values;
        values.push(Value::Integer(i64::from(query.limit) + 1));
        values.push(Value::Integer(i64::try_from(offset).unwrap_or(i64::MAX)));
        let mut select = conn.prepare_cached(&sql)?;
        let last = select.column_count() - 2;
        let rows = select.query_map(params_from_iter(values), |row| {
            Ok((
                (self.row)(row)?,
                row.get::<_, Value>(last)?,
                row.get::<_, Value>(last + 1)?,
            ))
        })?;
        let mut rows = rows.collect::<Result<Vec<_>, _>>()?;
        let has_more = rows.len() > query.limit as usize;
        rows.truncate(query.limit as usize);
        let next_cursor = rows
            .last()
            .filter(|_| has_more)
            .map(|(_, value, id)| Cursor::text(self.from, sort.as_ref(), value, id));
        Ok(Page {
            data: rows.into_iter().map(|(row, ..)| row).collect(),
            pagination: Pagination {
                total: total.rows,
                total_at_least: total.at_least,
                limit: query.limit,
                offset,
                has_more,
                next_cursor,
            },
        })
    }

    /// The newest matching rows, at most `limit`, with other columns; each row is passed on as it is read.
    pub(super) fn each_newest(
        &self,
        conn: &Connection,
        filter: Filter,
        columns: &str,
        limit: u32,
        mut each: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let List { from, id, .. } = self;
        let sql = format!(
            "SELECT {columns} FROM {from} WHERE {} ORDER BY {id} DESC LIMIT {limit}",
            filter.sql(false)
        );
        let mut select = conn.prepare(&sql)?;
        let mut rows = select.query(params_from_iter(filter.values))?;
        while let Some(row) = rows.next()? {
            each(row)?;
        }
        Ok(())
    }

    /// Validates a query before the database is read.
    ///
    /// # Errors
    /// [`DomainError::Invalid`] for `sort` or `cursor`.
    pub(super) fn order(&self, query: &ListQuery) -> Result<Order, StoreError> {
        let read = |text| Cursor::read(self.from, text);
        let after = query.cursor.as_deref().map(read).transpose()?;
        let sort = match (&query.sort, &after) {
            (Some(sort), Some(after)) if after.sort.as_ref() != Some(sort) => {
                return Err(Cursor::invalid("was issued for a different sort order"));
            }
            (None, Some(after)) => after.sort.clone(),
            (sort, _) => sort.clone(),
        };
        let by = match &sort {
            None => self.id,
            Some(sort) => self.expression(&sort.field)?,
        };
        Ok(Order { by, sort, after })
    }

    /// The sort expression of a field.
    fn expression(&self, field: &str) -> Result<&'static str, StoreError> {
        let known = self.sorts.iter().find(|(name, _)| *name == field);
        let unknown = || {
            let names: Vec<_> = self.sorts.iter().map(|(name, _)| *name).collect();
            DomainError::Invalid {
                field: "sort",
                reason: format!("must be one of {}", names.join(", ")),
            }
        };
        Ok(known.ok_or_else(unknown)?.1)
    }

    fn count(&self, conn: &Connection, filter: &Filter) -> Result<Total, StoreError> {
        let exactly = |rows| Total {
            rows,
            at_least: false,
        };
        if let Some(rows) = filter.total {
            return Ok(exactly(rows));
        }
        if let Some(count) = self.kept.filter(|_| filter.is_empty()) {
            return row_counts::stored_count(conn, count).map(exactly);
        }
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {} WHERE {} LIMIT {}) AS found",
            self.from,
            filter.sql(false),
            COUNTED + 1
        );
        let rows: u64 = conn
            .prepare_cached(&sql)?
            .query_row(params_from_iter(&filter.values), |row| row.get(0))?;
        let unseen = match (filter.looked_at, self.kept) {
            (Some(rows), Some(count)) => row_counts::stored_count(conn, count)? > rows,
            _ => false,
        };
        Ok(Total {
            rows: rows.min(COUNTED),
            at_least: unseen || rows >= filter.bound.unwrap_or(COUNTED + 1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: List<i64> = List {
        from: "rows AS r",
        columns: "r.n",
        id: "r.n",
        kept: None,
        sorts: &[("half", "r.n / 2")],
        row: |row| row.get(0),
    };

    fn page(conn: &Connection, filter: Filter, query: &ListQuery) -> Page<i64> {
        let order = ROWS.order(query).unwrap();
        ROWS.page(conn, filter, query, order).unwrap()
    }

    #[test]
    fn many_matches_are_counted_up_to_a_bound_and_paged_to_the_end() {
        let conn = Connection::open_in_memory().unwrap();
        let most = i64::try_from(COUNTED).unwrap() + 50;
        conn.execute_batch(&format!(
            "CREATE TABLE rows (n INTEGER PRIMARY KEY);
             WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {most}) INSERT INTO rows SELECT n FROM c;"
        ))
        .unwrap();
        let mut query = ListQuery {
            limit: 100,
            ..ListQuery::default()
        };
        let all = page(&conn, Filter::default(), &query).pagination;
        assert_eq!((all.total, all.total_at_least), (COUNTED, true));
        let mut few = Filter::default();
        few.and("~r.n > ?", [Value::Integer(most - 250)]);
        let some = page(&conn, few, &query).pagination;
        assert_eq!((some.total, some.total_at_least), (250, false));
        // Cursor pages contain every row once, even when sort values are equal.
        query.sort = Some(Sort {
            field: "half".into(),
            descending: true,
        });
        let mut seen = Vec::new();
        loop {
            let next = page(&conn, Filter::default(), &query);
            seen.extend(next.data);
            match next.pagination.next_cursor {
                Some(cursor) => query.cursor = Some(cursor),
                None => break,
            }
        }
        assert_eq!(seen, (1..=most).rev().collect::<Vec<_>>());
    }
}
