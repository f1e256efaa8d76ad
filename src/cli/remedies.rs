//! What helps against a complaint, in words that name this program's options. Knows no exit codes.

use crate::election::Remedy;

/// What the reader can do, or expect.
pub fn of_election(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Retry => "the next run tries again".to_owned(),
        Remedy::LeaveToOthers => "the lock is left to others for a while".to_owned(),
        Remedy::RegisterService => "register it, or correct --consul-service-name".to_owned(),
        Remedy::CorrectServiceId => "correct --consul-service-id".to_owned(),
        Remedy::NameServiceId => "name one with --consul-service-id".to_owned(),
        Remedy::NameProxiedService => "name the service behind it with --consul-service-name".to_owned(),
        Remedy::CorrectCheckId => "correct --check-id".to_owned(),
        Remedy::SeparateLockKeys { key, election } => {
            format!("give each its own --lock-key, or if {election} no longer exists: consul kv delete {key}")
        }
        Remedy::RenameQuery { template: true } => {
            "choose another --consul-query-name, or delete the template".to_owned()
        }
        Remedy::RenameQuery { template: false } => {
            "choose another --consul-query-name, or delete that query".to_owned()
        }
        Remedy::RecreateQuery => "delete the query, or give this token acl:write once".to_owned(),
        Remedy::NameCandidate => "name one of these with --to, or none".to_owned(),
        Remedy::FreeMeta => "remove one, or give --no-fence".to_owned(),
        Remedy::CheckTagWriters => {
            "check that the token has service:write and that no other program writes the tags".to_owned()
        }
        Remedy::CheckTagUsers => {
            "check that no other election uses the same tags and no other program writes them".to_owned()
        }
    }
}
