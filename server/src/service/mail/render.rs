//! Renders a mail's text: plain and HTML from the same sentences. It contains no user names: an attacker who signs up
//! with another person's address must not be able to send them text of their choice.

use doorward_shared::Timestamp;
use lettre::{
    Address, Message,
    address::Envelope,
    message::{Mailbox, MultiPart, header},
};
use maud::{DOCTYPE, html};
use ulid::Ulid;

use super::texts::{MailText, text, words};
use crate::domain::{
    Email,
    mail::{MailContent, MailKind},
};

/// Values common to all mails.
#[derive(Debug, Clone)]
pub(crate) struct Letterhead {
    /// Base URL of every link, without a trailing slash.
    pub issuer: String,
    pub site_name: String,
    /// Button colour as `#rrggbb`, and the colour of its text.
    pub colours: (String, &'static str),
    pub from: Email,
}

/// A rendered mail.
#[derive(Debug)]
pub(crate) struct Rendered {
    pub envelope: Envelope,
    pub bytes: Vec<u8>,
}

/// The text of a mail.
struct Body {
    subject: String,
    lines: Vec<String>,
    /// Label and address.
    link: Option<(&'static str, String)>,
    /// Name and value.
    facts: Vec<(&'static str, String)>,
    after: Vec<String>,
    foot: String,
}

impl Letterhead {
    /// The mail with this id. Rendering is deterministic, including its Message-ID.
    ///
    /// # Errors
    /// An address that mail cannot be sent to.
    pub(crate) fn render(
        &self,
        id: Ulid,
        kind: MailKind,
        content: &MailContent,
    ) -> Result<Rendered, String> {
        let body = self.body(kind, content);
        let to = Email::parse(&content.to).map_err(|why| format!("the address {why}"))?;
        let (from, to) = (address(&self.from)?, address(&to)?);
        let (plain, html) = (body.plain(), self.html(&body, content));
        let domain = self.from.domain_ascii();
        let id = id.to_string().to_ascii_lowercase();
        let at = u64::try_from(content.at.seconds()).unwrap_or_default();
        let date = std::time::UNIX_EPOCH + std::time::Duration::from_secs(at);
        let message = Message::builder()
            .from(Mailbox::new(Some(one_line(&self.site_name)), from))
            .to(Mailbox::new(None, to))
            .subject(one_line(&body.subject))
            .date(date)
            .message_id(Some(format!("<{id}@{domain}>")))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(plain, html))
            .map_err(|error| error.to_string())?;
        Ok(Rendered {
            envelope: message.envelope().clone(),
            bytes: message.formatted(),
        })
    }

    fn body(&self, kind: MailKind, content: &MailContent) -> Body {
        let MailText {
            subject,
            lines,
            button,
            after,
        } = text(kind, content.language);
        let words = words(content.language);
        let until = content.until.map(time).unwrap_or_default();
        let about = content.about.as_deref().unwrap_or("…");
        let fill = |text: &str| {
            text.replace("{site}", &self.site_name)
                .replace("{until}", &until)
                .replace("{about}", about)
        };
        let facts = [
            (words.when, kind.is_notice().then(|| time(content.at))),
            (words.device, content.device.clone()),
            (words.from, content.ip.clone()),
        ];
        Body {
            subject: fill(subject),
            lines: lines.iter().map(|line| fill(line)).collect(),
            link: self.link(kind, content).map(|link| (*button, link)),
            facts: facts
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .collect(),
            after: after.iter().map(|line| fill(line)).collect(),
            foot: fill(words.sent_by),
        }
    }

    fn link(&self, kind: MailKind, content: &MailContent) -> Option<String> {
        use MailKind::{
            Change, ChangeAsked, EmailChanged, FactorsChanged, Forgot, Invite, KeyMinted,
            NewSignIn, PasswordChanged, Reset, SignUp, Test, Verify,
        };
        let page = match kind {
            SignUp | Verify | Change => "verify-email",
            Forgot | Reset | Invite => "reset-password",
            ChangeAsked | NewSignIn | PasswordChanged | FactorsChanged | KeyMinted => {
                return Some(format!("{}/account", self.issuer));
            }
            EmailChanged | Test => return None,
        };
        let token = content.token.as_deref()?;
        Some(format!("{}/{page}?token={token}", self.issuer))
    }

    fn html(&self, body: &Body, content: &MailContent) -> String {
        let (back, on) = &self.colours;
        let button = format!(
            "display:inline-block;padding:12px 20px;border-radius:8px;background:{back};color:{on};\
             text-decoration:none;font-weight:600"
        );
        html! {
            (DOCTYPE)
            html lang=(content.language.code()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (body.subject) }
                }
                body style="margin:0;padding:24px 16px;font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif" {
                    div style="max-width:32rem;margin:0 auto" {
                        p style="font-weight:600;margin:0 0 16px" { (self.site_name) }
                        h1 style="font-size:22px;line-height:1.3;margin:0 0 12px" { (body.subject) }
                        @for line in &body.lines { p { (line) } }
                        @if let Some((label, link)) = &body.link {
                            p style="margin:24px 0" { a href=(link) style=(button) { (label) } }
                            p style="font-size:13px;word-break:break-all" { a href=(link) { (link) } }
                        }
                        @if !body.facts.is_empty() {
                            table role="presentation" style="border-collapse:collapse" {
                                @for (name, value) in &body.facts {
                                    tr {
                                        td style="padding:2px 16px 2px 0;vertical-align:top" { (name) }
                                        td style="padding:2px 0" { (value) }
                                    }
                                }
                            }
                        }
                        @for line in &body.after { p { (line) } }
                        p style="font-size:13px;margin-top:32px" { (body.foot) }
                    }
                }
            }
        }
        .into_string()
    }
}

impl Body {
    fn plain(&self) -> String {
        let mut text = String::new();
        let mut paragraph = |line: &str| {
            text.push_str(line);
            text.push_str("\r\n\r\n");
        };
        self.lines.iter().for_each(|line| paragraph(line));
        if let Some((label, link)) = &self.link {
            paragraph(&format!("{label}:\r\n{link}"));
        }
        if !self.facts.is_empty() {
            let facts: Vec<_> = self
                .facts
                .iter()
                .map(|(a, b)| format!("{a}: {b}"))
                .collect();
            paragraph(&facts.join("\r\n"));
        }
        self.after.iter().for_each(|line| paragraph(line));
        paragraph(&format!("-- \r\n{}", self.foot));
        text.truncate(text.trim_end().len());
        text.push_str("\r\n");
        text
    }
}

/// An address for delivery: its domain in A-labels.
fn address(email: &Email) -> Result<Address, String> {
    let local = email.local();
    Address::new(local, email.domain_ascii()).map_err(|error| format!("{email:?}: {error}"))
}

/// Header value.
fn one_line(text: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(clean).collect()
}

fn time(at: Timestamp) -> String {
    let text = at.to_string();
    let shown = text.get(..16).unwrap_or(&text).replace('T', " ");
    format!("{shown} UTC")
}

/// RFC 3834: suppresses out-of-office replies.
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl header::Header for AutoSubmitted {
    fn name() -> header::HeaderName {
        header::HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> header::HeaderValue {
        header::HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mail::Language;

    fn letterhead(site_name: &str) -> Letterhead {
        Letterhead {
            issuer: "https://id.example/auth".into(),
            site_name: site_name.into(),
            colours: ("#1f5fbf".into(), "#ffffff"),
            from: Email::parse("id@bücher.example").unwrap(),
        }
    }

    fn content(language: Language) -> MailContent {
        MailContent {
            token: Some("link_secret".into()),
            until: Some(Timestamp(1_764_000_000_000)),
            about: Some("ada@new.example".into()),
            ip: Some("192.0.2.1".into()),
            device: Some("Firefox on Linux".into()),
            ..MailContent::new("ada@example.com", language, Timestamp(1_763_990_000_000))
        }
    }

    /// The values that a kind of mail needs.
    fn of(kind: MailKind, language: Language) -> MailContent {
        let all = content(language);
        let has_link = !text(kind, language).button.is_empty();
        MailContent {
            token: all.token.filter(|_| has_link),
            until: all.until.filter(|_| has_link),
            ip: all.ip.filter(|_| kind.is_notice()),
            device: all.device.filter(|_| kind == MailKind::NewSignIn),
            ..all
        }
    }

    /// Everything in a mail that its reader may see.
    fn shown(letterhead: &Letterhead, kind: MailKind, content: &MailContent) -> String {
        let body = letterhead.body(kind, content);
        let plain = body.plain().replace("\r\n", "\n");
        let html = letterhead.html(&body, content).replace("><", ">\n<");
        let subject = body.subject;
        format!("Subject: {subject}\n\n== plain\n\n{plain}\n== HTML\n\n{html}\n")
    }

    #[test]
    fn every_mail_reads_well_in_every_language() {
        let letterhead = letterhead("Doorward");
        for language in [Language::En, Language::De] {
            for kind in MailKind::ALL {
                let shown = shown(&letterhead, *kind, &of(*kind, language));
                let unfilled = ["{site}", "{until}", "{about}"].map(|name| shown.contains(name));
                assert_eq!(unfilled, [false; 3], "{shown}");
                let name = format!("{}.{}", kind.as_str(), language.code());
                insta::assert_snapshot!(name, shown);
            }
        }
    }

    #[test]
    fn a_mail_is_the_same_each_time_but_for_its_boundary_and_has_one_id() {
        let id = Ulid(7);
        let once = || {
            let letterhead = letterhead("Doorward");
            let mail = letterhead.render(id, MailKind::Forgot, &content(Language::De));
            String::from_utf8(mail.unwrap().bytes).unwrap()
        };
        let head = |text: &str| {
            let (head, _) = text.split_once("\r\n\r\n").unwrap();
            let kept = head.lines().filter(|line| !line.contains("boundary"));
            kept.collect::<Vec<_>>().join("\n")
        };
        let text = once();
        assert_eq!(head(&text), head(&once()));
        assert!(text.is_ascii());
        let lines = [
            "Message-ID: <00000000000000000000000007@xn--bcher-kva.example>",
            "To: ada@example.com",
            "Auto-Submitted: auto-generated",
            "Date: Mon, 24 Nov 2025 13:13:20 +0000",
        ];
        for line in lines {
            assert!(text.lines().any(|have| have == line), "{line}: {text}");
        }
        assert!(text.contains("multipart/alternative"));
    }

    #[test]
    fn nothing_that_is_filled_in_adds_a_header_or_markup() {
        let letterhead = letterhead("Door\r\nBcc: eve@example.com\r\n\r\n<b>ward");
        let content = MailContent {
            about: Some("<img src=x>\r\nBcc: eve@example.com".into()),
            ..content(Language::En)
        };
        let mail = letterhead.render(Ulid(7), MailKind::EmailChanged, &content);
        let text = String::from_utf8(mail.unwrap().bytes).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
        let body = letterhead.body(MailKind::EmailChanged, &content);
        let html = letterhead.html(&body, &content);
        assert!(!html.contains("<img") && !html.contains("<b>"), "{html}");
        let wrong = MailContent {
            to: "ada@example.com\r\nRCPT TO:<eve@example.com>".into(),
            ..content
        };
        letterhead
            .render(Ulid(7), MailKind::EmailChanged, &wrong)
            .unwrap_err();
    }
}
