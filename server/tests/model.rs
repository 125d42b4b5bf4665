//! A thousand commands of many people on a few households, in whatever order, held against a model of plain integers: every
//! bill, account and subject of the ledger. In the middle of some of them PostgreSQL is killed with -9 and started again, or the
//! command is cut off as by a server that is killed or a browser that leaves; then it is repeated.
//!
//! A run is told by its seed, which is printed with the commands that led to a difference. `MODEL_SEED`, `MODEL_STEPS` and
//! `MODEL_KILLS` choose another one, and a longer one; `MODEL_CHECK=1` looks after each step, which finds the first that differs.

mod bank;
mod books;
mod check;
mod desk;
mod leaving;
mod phone;
mod till;
mod world;

use books::{Way, month_of};
use chrono::Months;
use world::World;

fn wanted(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

async fn step(world: &mut World) {
    match world.dice.roll(100) {
        0..=26 => world.take().await,
        27..=33 => world.void().await,
        34..=41 => world.verify().await,
        42..=44 => world.unverify().await,
        45..=51 => world.refund().await,
        52..=56 => world.waive().await,
        57..=60 => world.charge().await,
        61..=63 => world.reverse().await,
        64..=69 => world.order().await,
        70..=74 => world.order_told().await,
        75..=81 => world.batch().await,
        82..=83 => world.rent_change().await,
        84..=86 => world.reduce().await,
        87 => world.term().await,
        88 => world.measure().await,
        89..=90 => world.leave().await,
        91..=92 => world.bills_run().await,
        _ => {
            let (before, days) = (world.day, 1 + world.dice.roll(5) as u64);
            world.sleep(days);
            if month_of(before) != month_of(world.day) {
                world.bills_run().await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_books_are_those_of_the_model_whatever_happens() {
    let (seed, steps, kills) =
        (wanted("MODEL_SEED", 20_261_128), wanted("MODEL_STEPS", 1_000), wanted("MODEL_KILLS", 6));
    let often = if wanted("MODEL_CHECK", 0) > 0 { 1 } else { 25 };
    let began = std::time::Instant::now();
    let mut world = World::open(seed).await;
    println!("seed {seed}, {steps} steps from {}, {kills} kills; made in {:?}", world.day, began.elapsed());
    let start = month_of(world.day) - Months::new(2);
    for home in 0..world.homes.len() {
        world.let_home(home, start).await;
    }
    for home in 0..2 {
        world.meter(home).await;
    }
    world.check().await;
    for nth in 1..=steps {
        if kills > 0 && nth % (steps / kills).max(1) == 0 {
            world.kill_soon();
        }
        step(&mut world).await;
        if nth % often == 0 || std::mem::take(&mut world.came_back) {
            world.check().await;
        }
    }
    world.check().await;
    println!(
        "{} commands, {} bills, {} payments {:?}, {} exits, {} kills ({} unsure), {} cut off, {} days, in {:?}",
        world.commands,
        world.books.bills.len(),
        world.books.payments.len(),
        world.ways(),
        world.desk.exits,
        world.kills,
        world.unsure,
        world.cuts,
        (world.day - store::ctx::china_day(chrono::Utc::now())).num_days(),
        began.elapsed()
    );
    // A run of the usual length goes all ways but those of the few who leave.
    if steps >= 1_000 {
        assert!((kills == 0 || world.kills > 0) && world.cuts > 0, "{} kills, {} cut off", world.kills, world.cuts);
        assert!(world.ways().iter().all(|(way, count)| *count > 0 || *way == Way::Deposit), "{:?}", world.ways());
    }
    world.close().await;
}
