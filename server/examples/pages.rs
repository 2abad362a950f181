//! A server-rendered app whose people sign in at Doorward's own pages:
//! `cargo run -p doorward-server --example pages`, then open http://127.0.0.1:8000/orders.
//!
//! Whoever is not signed in is sent to `/sign-in`, and comes back to the page they asked for.

use std::sync::Mutex;

use doorward_server::{Doorward, Settings, SignedIn};
use maud::{Markup, html};
use rocket::{
    State,
    fairing::AdHoc,
    form::Form,
    get, post,
    response::{Redirect, content::RawHtml},
    routes,
};

/// Orders, with who placed them.
#[derive(Default)]
struct Orders(Mutex<Vec<(String, String)>>);

impl Orders {
    fn all(&self) -> std::sync::MutexGuard<'_, Vec<(String, String)>> {
        self.0.lock().unwrap_or_else(|broken| broken.into_inner())
    }
}

#[derive(rocket::FromForm)]
struct NewOrder {
    what: String,
}

fn page(title: &str, main: Markup) -> RawHtml<String> {
    let page = html! {
        (maud::DOCTYPE)
        html lang="en" { head { title { (title) } } body { h1 { (title) } (main) } }
    };
    RawHtml(page.into_string())
}

#[get("/")]
fn home() -> RawHtml<String> {
    page("Tea shop", html! { a href="/orders" { "Your orders" } })
}

#[get("/orders")]
fn orders(person: SignedIn, orders: &State<Orders>) -> RawHtml<String> {
    let email = person
        .account()
        .map_or("nobody", |account| account.user.email.as_str());
    let who = person.actor().to_string();
    page(
        "Your orders",
        html! {
            p { "Signed in as " (email) ". " a href="/account" { "Account" } }
            ul { @for (_, what) in orders.all().iter().filter(|(by, _)| *by == who) { li { (what) } } }
            form method="post" action="/orders" {
                label for="what" { "Order" } " " input id="what" name="what"; " "
                button { "Place it" }
            }
        },
    )
}

#[post("/orders", data = "<order>")]
fn place(person: SignedIn, order: Form<NewOrder>, orders: &State<Orders>) -> Redirect {
    let order = order.into_inner();
    orders.all().push((person.actor().to_string(), order.what));
    Redirect::to("/orders")
}

#[rocket::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let doorward = Doorward::open(Settings::load()?).await?;
    rocket::build()
        .attach(doorward.fairing())
        .manage(Orders::default())
        .mount("/", routes![home, orders, place])
        .attach(AdHoc::on_liftoff("listening", |rocket| {
            let config = rocket.config();
            println!("tea shop on http://{}:{}", config.address, config.port);
            Box::pin(async {})
        }))
        .launch()
        .await?;
    doorward.close();
    Ok(())
}
