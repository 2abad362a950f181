//! Calls that change something. Nothing else the console sends does.

use std::fmt;

use doorward_shared::{
    ClientId, KeyId, UserId,
    admin::{AdminMint, ClientPatch, RegisterClient, RevokeSessions, UserPatch},
    apikey::KeyPatch,
};

use crate::secret::Secret;

/// A user to be.
#[derive(Clone, PartialEq, Eq)]
pub struct NewUser {
    pub email: String,
    pub password: Option<Secret>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub role: Option<String>,
    pub permissions: Vec<String>,
}

#[derive(Clone)]
pub enum Change {
    CreateUser(NewUser),
    EditUser(UserId, UserPatch),
    SetPassword(UserId, Secret),
    DeleteUsers(Vec<UserId>),
    /// Exactly those of a preview.
    RevokeSessions(RevokeSessions),
    /// With the email of its owner, when that is to be looked up.
    Mint(AdminMint, Option<String>),
    EditKey(KeyId, KeyPatch),
    RotateKey(KeyId, u32),
    RevokeKeys(Vec<KeyId>),
    RegisterClient(RegisterClient),
    EditClient(ClientId, ClientPatch),
    RotateSecret(ClientId, u32),
    DeleteClients(Vec<ClientId>),
    PutRole(String, Vec<String>),
    DeleteRoles(Vec<String>),
    RotateSigning,
    RevokeSigning(Vec<String>),
    Backup,
}

impl Change {
    /// The scope it takes.
    pub fn scope(&self) -> &'static str {
        match self {
            Self::CreateUser(_)
            | Self::EditUser(..)
            | Self::SetPassword(..)
            | Self::DeleteUsers(_) => "admin:users",
            Self::RevokeSessions(_) => "admin:sessions",
            Self::Mint(..) | Self::EditKey(..) | Self::RotateKey(..) | Self::RevokeKeys(_) => {
                "admin:apikeys"
            }
            Self::RegisterClient(_)
            | Self::EditClient(..)
            | Self::RotateSecret(..)
            | Self::DeleteClients(_) => "admin:clients",
            Self::PutRole(..) | Self::DeleteRoles(_) => "admin:roles",
            Self::RotateSigning | Self::RevokeSigning(_) => "admin:keys",
            Self::Backup => "admin:server",
        }
    }

    /// Leaves of what dies only these, by id or name.
    pub fn narrow_to(&mut self, ids: &[String]) {
        fn read<T: std::str::FromStr>(ids: &[String]) -> Vec<T> {
            ids.iter().filter_map(|id| id.parse().ok()).collect()
        }
        match self {
            Self::DeleteUsers(users) => *users = read(ids),
            Self::RevokeKeys(keys) => *keys = read(ids),
            Self::DeleteClients(clients) => *clients = read(ids),
            Self::DeleteRoles(names) => *names = ids.to_vec(),
            _ => {}
        }
    }

    /// Whether a form with a typed name is confirmation enough: nothing is there yet that it could hurt.
    pub fn is_creation(&self) -> bool {
        matches!(
            self,
            Self::CreateUser(_) | Self::Mint(..) | Self::RegisterClient(_)
        )
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::CreateUser(_) => "CreateUser",
            Self::EditUser(..) => "EditUser",
            Self::SetPassword(..) => "SetPassword",
            Self::DeleteUsers(_) => "DeleteUsers",
            Self::RevokeSessions(_) => "RevokeSessions",
            Self::Mint(..) => "Mint",
            Self::EditKey(..) => "EditKey",
            Self::RotateKey(..) => "RotateKey",
            Self::RevokeKeys(_) => "RevokeKeys",
            Self::RegisterClient(_) => "RegisterClient",
            Self::EditClient(..) => "EditClient",
            Self::RotateSecret(..) => "RotateSecret",
            Self::DeleteClients(_) => "DeleteClients",
            Self::PutRole(..) => "PutRole",
            Self::DeleteRoles(_) => "DeleteRoles",
            Self::RotateSigning => "RotateSigning",
            Self::RevokeSigning(_) => "RevokeSigning",
            Self::Backup => "Backup",
        };
        f.write_str(name)
    }
}
