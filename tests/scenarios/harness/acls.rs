//! Creates tokens and policies, for scenarios about what the program is allowed to do.

use serde_json::json;

use super::api::{Api, text};

impl Api {
    /// Creates a token that has these rules (HCL) and nothing else.
    pub fn token_with(&self, rules: &str) -> String {
        let name = super::unique("policy");
        self.put("/v1/acl/policy", &json!({ "Name": name, "Rules": rules })).ok();
        let token = self.put("/v1/acl/token", &json!({ "Policies": [{ "Name": name }] })).ok();
        text(&token, "SecretID")
    }

    /// Gives the anonymous token, which DNS uses, these rules and no others.
    pub fn allow_anonymous(&self, rules: &str) {
        let name = super::unique("anonymous");
        self.put("/v1/acl/policy", &json!({ "Name": name, "Rules": rules })).ok();
        let anonymous = "00000000-0000-0000-0000-000000000002";
        let body = json!({ "AccessorID": anonymous, "Policies": [{ "Name": name }] });
        self.put(&format!("/v1/acl/token/{anonymous}"), &body).ok();
    }
}
