//! A JSON API of orders that is its own authorization server: `cargo run -p doorward-server --example embedded`.
//!
//! People sign up and in at `/auth/…`, operators work at `/admin/…`, and the two routes below are guarded by the same
//! tokens and API keys, with nothing between them and the decision: a revoked token is dead on the next request.

use std::sync::Mutex;

use doorward_server::{Allowed, Bearer, Doorward, Settings, scope};
use rocket::{
    Build, Rocket, State, catch, catchers, fairing::AdHoc, get, post, response::content::RawJson,
    routes,
};

scope! {
    /// What a caller needs to see orders: `read`, which customers have, covers it.
    ReadOrders = "read:orders";
    /// What a caller needs to place one.
    WriteOrders = "write:orders";
}

/// Orders, with who placed them.
#[derive(Default)]
struct Orders(Mutex<Vec<(String, String)>>);

#[get("/orders")]
fn list(caller: Allowed<ReadOrders>, orders: &State<Orders>) -> RawJson<String> {
    let who = caller.actor().to_string();
    let orders = orders.0.lock().unwrap_or_else(|broken| broken.into_inner());
    let own = orders.iter().filter(|(by, _)| *by == who);
    let own: Vec<_> = own.map(|(_, what)| what).collect();
    RawJson(serde_json::json!({"data": own}).to_string())
}

#[post("/orders", data = "<what>")]
fn place(caller: Allowed<WriteOrders>, what: String, orders: &State<Orders>) -> RawJson<String> {
    let told = serde_json::json!({"ordered": what}).to_string();
    let order = (caller.actor().to_string(), what);
    orders
        .0
        .lock()
        .unwrap_or_else(|broken| broken.into_inner())
        .push(order);
    RawJson(told)
}

/// Any valid caller, whatever its scopes.
#[get("/hello")]
fn hello(caller: Bearer) -> String {
    format!("hello {}\n", caller.actor())
}

/// The app's own: Doorward answers for its own paths only.
#[catch(404)]
fn not_found() -> &'static str {
    "no such page of the orders app\n"
}

fn app(doorward: &Doorward) -> Rocket<Build> {
    rocket::build()
        .attach(doorward.fairing())
        .manage(Orders::default())
        .mount("/", routes![list, place, hello])
        .register("/", catchers![not_found])
        .attach(AdHoc::on_liftoff("listening", |rocket| {
            let config = rocket.config();
            println!("orders app on http://{}:{}", config.address, config.port);
            Box::pin(async {})
        }))
}

#[rocket::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    // Rocket.toml, DOORWARD_* and ROCKET_* as the server reads them. Any other way to fill `Settings` does as well.
    let doorward = Doorward::open(Settings::load()?).await?;
    app(&doorward).launch().await?;
    doorward.close();
    Ok(())
}
