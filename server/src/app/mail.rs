//! Settings common to all mails, and the mail that `doorward-server mail-test` sends.

use crate::{
    clock::Clock,
    domain::Email,
    outbound::smtp::Smtp,
    service::mail::{self, Letterhead},
    settings::{Colour, Settings, SettingsError},
};

/// Values common to all mails.
pub(super) fn letterhead(settings: &Settings, issuer: &str, smtp: &Smtp) -> Letterhead {
    let colour = Colour::parse(&settings.site_colour);
    let colours = colour.map(|colour| (colour.to_string(), colour.text_on()));
    Letterhead {
        issuer: issuer.to_owned(),
        site_name: settings.site_name.clone(),
        colours: colours.unwrap_or_else(|| (settings.site_colour.clone(), "#ffffff")),
        from: smtp.from().clone(),
    }
}

/// Sends a mail to an address with these settings; returns the server that accepted it.
///
/// # Errors
/// Why sending failed, in one line.
pub async fn mail_test(settings: &Settings, to: &str) -> Result<String, String> {
    let text = |error: SettingsError| error.to_string();
    let server = settings.mail_server().map_err(text)?;
    let server = server.ok_or("mail_url: is not set, so no mail is sent")?;
    let to = Email::parse(to).map_err(|why| format!("{to}: {why}"))?;
    let smtp = Smtp::new(server).map_err(text)?;
    let letterhead = letterhead(
        settings,
        settings.issuer.as_deref().unwrap_or_default(),
        &smtp,
    );
    let sent = mail::send_test(&smtp, &letterhead, &to, &Clock::system()).await;
    sent.map_err(|error| format!("{}: {error}", smtp.host()))?;
    Ok(format!("{} took the mail to {}", smtp.host(), to.as_str()))
}
