//! Baselines: a bare Rocket route, the bare cryptography, one bare fsync.

use std::{
    fs::File,
    hint::black_box,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        Ed25519KeyPair, KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
        UnparsedPublicKey,
    },
};
use rocket::{fairing::AdHoc, get, routes};
use rustix::time::{ClockId, clock_gettime};

use crate::{Result, measure::median};

/// About as long as what an access token's signature covers.
const MESSAGE: [u8; 512] = [b'x'; 512];

#[get("/")]
fn hello() -> &'static str {
    "hello"
}

/// Runs the bare app, with Doorward's Rocket settings, until it is killed.
pub(crate) fn serve_hello() -> Result<()> {
    let figment = rocket::figment::Figment::from(rocket::Config::default())
        .merge(("ip_header", false))
        .merge(("log_level", "off"))
        .merge(("keep_alive", 75))
        .merge(("port", 0));
    let app = rocket::custom(figment)
        .mount("/", routes![hello])
        .attach(AdHoc::on_liftoff("ready", |rocket| {
            Box::pin(async move {
                println!("listening on http://127.0.0.1:{}", rocket.config().port);
            })
        }));
    let workers = std::thread::available_parallelism()?;
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers.get())
        .enable_all()
        .build()?
        .block_on(app.launch())?;
    Ok(())
}

fn thread_cpu() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

/// CPU time of one call.
fn cpu_of(times: u32, mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    work()?;
    let before = thread_cpu();
    for _ in 0..times {
        work()?;
    }
    Ok((thread_cpu() - before) / times)
}

/// CPU time of one call, the median of five rounds.
fn cpu_each(times: u32, mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    let rounds = (0..5).map(|_| cpu_of(times, &mut work));
    median(&rounds.collect::<Result<Vec<_>>>()?)
}

/// One signature of what an access token is.
pub(crate) fn sign(algorithm: &str) -> Result<Duration> {
    let rng = SystemRandom::new();
    if algorithm == "RS256" {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
        let mut signature = vec![0; pair.public_modulus_len()];
        cpu_each(400, || {
            pair.sign(&RSA_PKCS1_SHA256, &rng, black_box(&MESSAGE), &mut signature)?;
            Ok(())
        })
    } else {
        let pair = Ed25519KeyPair::generate()?;
        cpu_each(4000, || {
            black_box(pair.sign(black_box(&MESSAGE)));
            Ok(())
        })
    }
}

/// One verification of an RS256 signature.
pub(crate) fn verify() -> Result<Duration> {
    let rng = SystemRandom::new();
    let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &rng, &MESSAGE, &mut signature)?;
    let public = pair.public_key().as_ref().to_vec();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
    cpu_each(2000, || Ok(public.verify(black_box(&MESSAGE), &signature)?))
}

/// One Argon2id hash with the default parameters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hash {
    /// As the crate offers it, which takes and clears 19 MiB for each.
    pub whole: Duration,
    /// With memory at hand that the hash before has used: what the server's threads do.
    pub warm: Duration,
}

/// Measures it on as many threads at once as there are cores, as in the server: they share the way to memory.
pub(crate) fn argon2() -> Result<Hash> {
    let work = || {
        let argon2 = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(19456, 2, 1, Some(32)).map_err(|error| error.to_string())?,
        );
        let (password, salt, mut out) = (b"correct horse", [7; 16], [0; 32]);
        let whole = cpu_of(20, || {
            argon2
                .hash_password_into(password, &salt, &mut out)
                .map_err(|error| error.to_string())?;
            black_box(&out);
            Ok(())
        })?;
        let mut memory = vec![Block::default(); 19456];
        let warm = cpu_of(20, || {
            argon2
                .hash_password_into_with_memory(password, &salt, &mut out, &mut memory)
                .map_err(|error| error.to_string())?;
            black_box(&out);
            Ok(())
        })?;
        Ok::<_, crate::Error>((whole, warm))
    };
    let cores = std::thread::available_parallelism()?.get();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let mut sum = (Duration::ZERO, Duration::ZERO);
        for thread in threads {
            let (whole, warm) = thread.join().map_err(|_| "a hashing thread panicked")??;
            sum = (sum.0 + whole, sum.1 + warm);
        }
        let cores = u32::try_from(cores)?;
        Ok(Hash {
            whole: sum.0 / cores,
            warm: sum.1 / cores,
        })
    })
}

/// Writing what a small commit writes to the log, over what was there, and one fsync, many times; on the wall clock.
pub(crate) fn fsyncs(directory: &Path) -> Result<Vec<Duration>> {
    const COMMIT: usize = 5 * 4096;
    const TIMES: usize = 50;
    let path = directory.join("fsync");
    // Once: a file that has just grown is slower to sync than a log that is written over.
    if !path.exists() {
        std::fs::write(&path, vec![0; TIMES * COMMIT])?;
        File::open(&path)?.sync_all()?;
    }
    let mut file = File::options().write(true).open(&path)?;
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let started = Instant::now();
        file.write_all(&[1; COMMIT])?;
        file.sync_data()?;
        times.push(started.elapsed());
    }
    Ok(times)
}
