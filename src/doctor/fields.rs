//! The fields of services and checks in Consul's files, from its documentation: those of all versions together. Judges nothing.

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A string with a duration.
    Time,
    /// A number.
    Number,
    /// True or false.
    Truth,
    /// A list of strings.
    Texts,
    /// A map to strings.
    TextMap,
    /// A map to lists of strings.
    ListMap,
    /// A block with fields of its own.
    Block(Table),
    /// A list of such blocks.
    Blocks(Table),
    /// A map to such blocks.
    BlockMap(Table),
    /// A block whose fields are not known here.
    Open,
}

/// A table of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// A service.
    Service,
    /// A check.
    Check,
    /// The weights of a service.
    Weights,
    /// What connects a service to the mesh.
    Connect,
    /// An address.
    Address,
    /// Where a service runs.
    Locality,
}

/// A field: its name, another name that Consul takes for it, and what it holds.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The name.
    pub name: &'static str,
    /// The other name; empty: none.
    alias: &'static str,
    /// What it holds.
    pub kind: Kind,
}

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, alias: "", kind }
}

const fn also(name: &'static str, alias: &'static str, kind: Kind) -> Field {
    Field { name, alias, kind }
}

const SERVICE: &[Field] = &[
    field("kind", Kind::Text),
    field("id", Kind::Text),
    field("name", Kind::Text),
    field("tags", Kind::Texts),
    field("address", Kind::Text),
    field("tagged_addresses", Kind::BlockMap(Table::Address)),
    field("meta", Kind::TextMap),
    field("port", Kind::Number),
    field("socket_path", Kind::Text),
    field("check", Kind::Block(Table::Check)),
    field("checks", Kind::Blocks(Table::Check)),
    field("token", Kind::Text),
    field("weights", Kind::Block(Table::Weights)),
    field("enable_tag_override", Kind::Truth),
    field("proxy", Kind::Open),
    field("connect", Kind::Block(Table::Connect)),
    field("locality", Kind::Block(Table::Locality)),
    // Only Consul Enterprise, or only newer versions than the tests have.
    field("namespace", Kind::Text),
    field("partition", Kind::Text),
    field("ports", Kind::Open),
];

const CHECK: &[Field] = &[
    field("id", Kind::Text),
    field("name", Kind::Text),
    field("notes", Kind::Text),
    also("service_id", "serviceid", Kind::Text),
    field("token", Kind::Text),
    field("status", Kind::Text),
    also("args", "scriptargs", Kind::Texts),
    field("http", Kind::Text),
    field("header", Kind::ListMap),
    field("method", Kind::Text),
    field("body", Kind::Text),
    field("disable_redirects", Kind::Truth),
    field("output_max_size", Kind::Number),
    field("tcp", Kind::Text),
    field("tcp_use_tls", Kind::Truth),
    field("udp", Kind::Text),
    field("h2ping", Kind::Text),
    field("h2ping_use_tls", Kind::Truth),
    field("os_service", Kind::Text),
    field("interval", Kind::Time),
    also("docker_container_id", "dockercontainerid", Kind::Text),
    field("shell", Kind::Text),
    field("grpc", Kind::Text),
    field("grpc_use_tls", Kind::Truth),
    field("tls_server_name", Kind::Text),
    also("tls_skip_verify", "tlsskipverify", Kind::Truth),
    field("alias_node", Kind::Text),
    field("alias_service", Kind::Text),
    field("timeout", Kind::Time),
    field("ttl", Kind::Time),
    field("success_before_passing", Kind::Number),
    field("failures_before_warning", Kind::Number),
    field("failures_before_critical", Kind::Number),
    also("deregister_critical_service_after", "deregistercriticalserviceafter", Kind::Time),
    field("namespace", Kind::Text),
    field("partition", Kind::Text),
];

const WEIGHTS: &[Field] = &[field("passing", Kind::Number), field("warning", Kind::Number)];

const CONNECT: &[Field] = &[field("native", Kind::Truth), field("sidecar_service", Kind::Block(Table::Service))];

const ADDRESS: &[Field] = &[field("address", Kind::Text), field("port", Kind::Number)];

const LOCALITY: &[Field] = &[field("region", Kind::Text), field("zone", Kind::Text)];

/// What a file may define beside the agent's own settings.
pub const TOP: &[Field] = &[
    field("service", Kind::Block(Table::Service)),
    field("services", Kind::Blocks(Table::Service)),
    field("check", Kind::Block(Table::Check)),
    field("checks", Kind::Blocks(Table::Check)),
];

/// What people write, and the field that they mean: most are names of Consul's API.
const MEANT: &[(&str, &str)] =
    &[("checkid", "id"), ("serviceid", "id"), ("servicename", "name"), ("command", "args"), ("url", "http")];

impl Table {
    /// Its fields.
    pub fn fields(self) -> &'static [Field] {
        match self {
            Table::Service => SERVICE,
            Table::Check => CHECK,
            Table::Weights => WEIGHTS,
            Table::Connect => CONNECT,
            Table::Address => ADDRESS,
            Table::Locality => LOCALITY,
        }
    }
}

/// The field of this name, whose case Consul ignores.
pub fn find(fields: &'static [Field], name: &str) -> Option<&'static Field> {
    let is_it = |known: &&str| !known.is_empty() && known.eq_ignore_ascii_case(name);
    fields.iter().find(|field| [field.name, field.alias].iter().any(is_it))
}

/// The field that an unknown one was meant to be.
pub fn meant(fields: &'static [Field], name: &str) -> Option<&'static str> {
    let plain = |name: &str| name.replace(['_', '-'], "").to_ascii_lowercase();
    let name = plain(name);
    let known = MEANT.iter().find(|(written, _)| *written == name).map(|(_, field)| *field);
    let known = known.filter(|known| find(fields, known).is_some());
    let nearest = || {
        let distances = fields.iter().map(|field| (distance(&plain(field.name), &name), field.name));
        // A short word is near to too many others.
        distances.min().filter(|(distance, near)| *distance <= 2 && *distance * 2 < near.len()).map(|(_, near)| near)
    };
    known.or_else(nearest)
}

/// The longest name that is compared.
const LONGEST: usize = 64;

/// How many characters must be added, removed, replaced or swapped with the next to make one word the other.
fn distance(one: &str, other: &str) -> usize {
    let [one, other] = [one, other].map(|word| word.chars().take(LONGEST).collect::<Vec<char>>());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=other.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(one[i - 1] != other[j - 1]);
            let is_swapped = i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
            let swapped = if is_swapped { rows[i - 2][j - 2] + 1 } else { replaced };
            row.push(replaced.min(swapped).min(rows[i - 1][j] + 1).min(row[j - 1] + 1));
        }
        rows.push(row);
    }
    rows.last().and_then(|row| row.last()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_known_by_its_names_and_a_misspelt_one_by_what_was_meant() {
        let name = |fields, name: &str| find(fields, name).map(|field| field.name);
        assert_eq!(name(CHECK, "Interval"), Some("interval"));
        assert_eq!(name(CHECK, "ScriptArgs"), Some("args"));
        assert_eq!(name(CHECK, "CheckID"), None);
        assert_eq!(name(SERVICE, "EnableTagOverride"), None);
        for (fields, written, expected) in [
            (CHECK, "intervall", Some("interval")),
            (CHECK, "CheckID", Some("id")),
            (CHECK, "time_out", Some("timeout")),
            (CHECK, "tpc", Some("tcp")),
            (CHECK, "xyz", None),
            (SERVICE, "prot", Some("port")),
            (SERVICE, "EnableTagOverride", Some("enable_tag_override")),
            (SERVICE, "adress", Some("address")),
            (SERVICE, "serviceid", Some("id")),
            (SERVICE, "x", None),
            (SERVICE, "", None),
            (TOP, "sevice", Some("service")),
            (TOP, "Chekcs", Some("checks")),
            (TOP, "server", None),
            (TOP, "ports", None),
            (TOP, "connect", None),
        ] {
            assert_eq!(meant(fields, written), expected, "{written}");
        }
    }
}
