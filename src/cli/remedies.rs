//! What the user can do about an error, by the names of options and environment variables. Must never know how an error
//! came about.

use crate::consul::{Error, KEYS, PortDoubt, Remedy};
use crate::duration;
use crate::election::{Difference, Remedy as ElectionRemedy};

/// Who tries again what may work by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// The check's next run.
    NextRun,
    /// The user, who typed this command.
    Run(&'static str),
}

impl Again {
    fn words(self) -> String {
        match self {
            Again::NextRun => "the next run tries again".to_owned(),
            Again::Run(command) => format!("run {command} again"),
        }
    }
}

/// Returns the way out of an error of the Consul client. `None`: the error's own text ends with it.
pub fn of_consul(error: &Error, again: Again) -> Option<String> {
    of_remedy(&error.remedy(), again)
}

/// Returns the words for a remedy. `None`: the error's own text ends with it.
pub fn of_remedy(remedy: &Remedy, again: Again) -> Option<String> {
    let text = match remedy {
        Remedy::Grant(_) => return None,
        Remedy::GiveToken(_) => "give one with --token-file, CONSUL_HTTP_TOKEN_FILE or CONSUL_HTTP_TOKEN",
        Remedy::FillTokenFile(_, file) => return Some(format!("the token file {file} is empty; write a token there")),
        Remedy::ReplaceToken => {
            "this token does not exist; give another with --token-file, CONSUL_HTTP_TOKEN_FILE or CONSUL_HTTP_TOKEN"
        }
        Remedy::Retry => return Some(again.words()),
        Remedy::CorrectPort(doubt) => return Some(of_port(doubt)),
        Remedy::ReachAgent => "is the agent running there? set its address with --http-addr or CONSUL_HTTP_ADDR",
        Remedy::CorrectAddress => {
            "is that a Consul agent? set the agent's address with --http-addr or CONSUL_HTTP_ADDR"
        }
        Remedy::NameAgentItself => {
            "redirects are not followed; name the agent itself with --http-addr or CONSUL_HTTP_ADDR"
        }
        Remedy::OpenSocket => {
            "allow this user to use the socket: set user, group or mode of unix_sockets in the agent's configuration"
        }
        Remedy::UseHttps => "set --http-addr or CONSUL_HTTP_ADDR to https://HOST:PORT, or set CONSUL_HTTP_SSL=true",
        Remedy::UsePlainHttp => {
            "if the agent serves plain HTTP there, use http://HOST:PORT or unix:///PATH, and unset CONSUL_HTTP_SSL"
        }
        Remedy::TrustCa => "name the CA that did with --ca-file or --ca-path (CONSUL_CACERT, CONSUL_CAPATH)",
        Remedy::NameServer => {
            "name the host that it is for with --tls-server-name or CONSUL_TLS_SERVER_NAME, or in the address"
        }
        Remedy::RenewCertificate => "renew the agent's certificate, or correct this machine's clock",
        Remedy::ReplaceCertificate => {
            return Some(format!("give the agent a certificate that is not its own CA, with a key of {KEYS}"));
        }
        Remedy::PresentCertificate => {
            "give a valid certificate of the agent's CA with --client-cert and --client-key (CONSUL_CLIENT_CERT, CONSUL_CLIENT_KEY)"
        }
        Remedy::UpgradeTls => {
            return Some(format!("the agent needs TLS 1.2 or 1.3, and a key of {KEYS}"));
        }
        Remedy::RaiseTtl(least) => {
            let least = least.map(|least| format!(" to {} or more", duration::format(least))).unwrap_or_default();
            return Some(format!("raise --ttl{least}: the servers' session_ttl_min forbids less"));
        }
        Remedy::RegisterCheck => {
            return Some(format!(
                "{}; if this lasts, the agent's token for the check (acl.tokens.default, or token in the definition) needs \
                 service:write",
                again.words()
            ));
        }
        Remedy::LeaveOutScope => "unset CONSUL_NAMESPACE and CONSUL_PARTITION, and drop --namespace and --partition",
        Remedy::Shrink => "find out who wrote so much there, and remove it",
        Remedy::ChangeVersion => "this version of Consul does not accept the request",
    };
    Some(text.to_owned())
}

/// Returns what is wrong with the port of the agent's address, and what to write.
fn of_port(doubt: &PortDoubt) -> String {
    match doubt {
        PortDoubt::NotGiven(port) => format!(
            "the address has no port, which means {port}; a Consul agent has 8500: set --http-addr or CONSUL_HTTP_ADDR to \
             HOST:8500"
        ),
        PortDoubt::Serves(port, what) => format!(
            "{port} is an agent's port for {what}, and 8500 the one for HTTP: set --http-addr or CONSUL_HTTP_ADDR to HOST:8500"
        ),
    }
}

/// Returns the way out of a complaint of the election.
pub fn of_election(remedy: &ElectionRemedy) -> String {
    match remedy {
        // Notes in Consul make the check's next run try again, also after a command that a user typed.
        ElectionRemedy::Retry => Again::NextRun.words(),
        ElectionRemedy::NameAgent => "is that the service's agent, and not a server's? name it with --http-addr or CONSUL_HTTP_ADDR, or register \
                                      the service there"
            .to_owned(),
        ElectionRemedy::RegisterService => "register it, or correct --consul-service-name".to_owned(),
        ElectionRemedy::CorrectServiceId => "correct --consul-service-id".to_owned(),
        ElectionRemedy::NameServiceId => "name one with --consul-service-id".to_owned(),
        ElectionRemedy::NameProxiedService => "name the service behind it with --consul-service-name".to_owned(),
        ElectionRemedy::CorrectCheckId => "correct --check-id".to_owned(),
        ElectionRemedy::SeparateLockKeys { key, election } => {
            format!("give each its own --lock-key, or if {election} no longer exists: consul kv delete {key}")
        }
        ElectionRemedy::RenameQuery { template: true } => {
            "choose another --consul-query-name, or delete the template".to_owned()
        }
        ElectionRemedy::RenameQuery { template: false } => {
            "choose another --consul-query-name, or delete that query".to_owned()
        }
        ElectionRemedy::RecreateQuery => "delete the query, or give this token acl:write once".to_owned(),
        ElectionRemedy::MatchTag(tag) => match tag.strip_prefix('!') {
            None => format!("add the tag to the service's definition, or drop --consul-query-tag {tag}"),
            Some(bare) => {
                format!("remove the tag {bare} from the service's definition, or drop --consul-query-tag {tag}")
            }
        },
        ElectionRemedy::Grant(rule) => format!("the token needs: {rule}"),
        ElectionRemedy::CheckSync => {
            "compare the instance and its checks in the catalog with the agent's; the agent's log names a denied sync"
                .to_owned()
        }
        ElectionRemedy::Deregister(id) => {
            format!("if it is left over from a rename, run: consul services deregister -id={id}")
        }
        ElectionRemedy::CorrectAddress => "register an address that they can reach".to_owned(),
        ElectionRemedy::WatchService => "register a health check, or give --watch-port".to_owned(),
        ElectionRemedy::NameCandidate => "name one of these with --to, or none".to_owned(),
        ElectionRemedy::NameElection { other, query } => {
            format!("give --consul-query-name {other}, or --consul-query-name {query} for a new election")
        }
        ElectionRemedy::Agree(Difference::Query) => {
            "give all instances the same --consul-query-name, or each election its own --lock-key".to_owned()
        }
        ElectionRemedy::Agree(Difference::Service) => "give each service its own --lock-key".to_owned(),
        ElectionRemedy::Agree(Difference::MasterTag) => "give all instances the same --master-tag".to_owned(),
        ElectionRemedy::FreeMeta => "remove one".to_owned(),
        ElectionRemedy::CheckTagWriters => {
            "check that the token has service:write and that no other program writes the tags".to_owned()
        }
        ElectionRemedy::CheckTagUsers => {
            "check that no other election uses the same tags and no other program writes them".to_owned()
        }
    }
}
