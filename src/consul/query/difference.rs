//! In what a definition of a prepared query differs from a wanted one. Must never know why it should not.

use serde_json::{Map, Value};

use super::{PreparedQuery, QuerySpec};

/// A field of a prepared query that is not as it should be; values as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryDifference {
    /// The path of the field, such as `Service.Tags`.
    pub field: String,
    /// What it is.
    pub is: String,
    /// What it should be.
    pub should_be: String,
}

impl PreparedQuery {
    /// Returns the fields in which this definition is not what `spec` says.
    pub fn differences(&self, spec: &QuerySpec) -> Vec<QueryDifference> {
        let (present, wanted) = (Value::Object(self.0.clone()), Value::Object(self.with(spec).0));
        let mut found = Vec::new();
        compare(&present, &wanted, "", &mut found);
        found
    }
}

fn compare(present: &Value, wanted: &Value, path: &str, found: &mut Vec<QueryDifference>) {
    match (present, wanted) {
        (present, wanted) if present == wanted => {}
        (Value::Object(present), Value::Object(wanted)) => {
            for name in present.keys().chain(wanted.keys().filter(|name| !present.contains_key(*name))) {
                let field = |fields: &Map<String, Value>| fields.get(name).cloned().unwrap_or_default();
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                compare(&field(present), &field(wanted), &path, found);
            }
        }
        (present, wanted) => {
            let (field, [is, should_be]) = (path.to_owned(), [present, wanted].map(Value::to_string));
            found.push(QueryDifference { field, is, should_be });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_field_that_a_spec_sets_is_compared_and_no_other() {
        let spec = QuerySpec {
            name: "redis-master".to_owned(),
            service: "redis".to_owned(),
            tags: vec!["master".to_owned()],
            only_passing: false,
            session: Some("9a1a".to_owned()),
            meta: ("key".to_owned(), Some("9a1a".to_owned())),
            namespace: None,
            partition: None,
            ttl: Some("0s".to_owned()),
            near: None,
            failover: None,
        };
        let right = PreparedQuery::new(&spec);
        assert_eq!(right.differences(&spec), []);
        let changed = |path: &[&str], value: Value| {
            let mut query = right.clone();
            query.set(path, value);
            let shown = |one: QueryDifference| format!("{} {} {}", one.field, one.is, one.should_be);
            query.differences(&spec).into_iter().map(shown).collect::<Vec<_>>()
        };
        assert_eq!(changed(&["Service", "Tags"], json!([])), [r#"Service.Tags [] ["master"]"#]);
        assert_eq!(changed(&["Session"], json!("")), [r#"Session "" "9a1a""#]);
        assert_eq!(changed(&["Service", "ServiceMeta"], json!({})), [r#"Service.ServiceMeta.key null "9a1a""#]);
        assert_eq!(changed(&["DNS"], Value::Null), [r#"DNS null {"TTL":"0s"}"#]);
        assert!(changed(&["Service", "Near"], json!("_agent")).is_empty());
        assert!(changed(&["Service", "NodeMeta"], json!({"rack": "7"})).is_empty());
    }
}
