use proptest::prelude::*;

use super::*;

const ROOT: &str = "ab54d286cc1d6f9b5e8d4c1a9d6d0d3f7d1b2c3a4e5f60718293a4b5c6d7e8f9";

fn ask(size: u32, value: &str) -> Ask {
    Ask::new(Population::Attestations, size, value).expect("a wish")
}

#[test]
fn a_wish_is_read_or_refused_with_what_to_do() {
    for (fields, expected) in [
        (("", "25", ""), Ok(None)),
        (("", "", "  "), Ok(None)),
        (("drills", " 3 ", " 4711 "), Ok(Some((Population::Drills, 3, "4711")))),
        (("gaps", "1", "it's $(x) \\ \"y\""), Ok(Some((Population::Gaps, 1, "it's $(x) \\ \"y\"")))),
        (("", "25", "4711"), Err(AskError::NoPopulation)),
        (("runs", "25", "4711"), Err(AskError::Population)),
        (("drills", "0", "4711"), Err(AskError::Size)),
        (("drills", "-1", "4711"), Err(AskError::Size)),
        (("drills", "a few", "4711"), Err(AskError::Size)),
        (("drills", "", "4711"), Err(AskError::Size)),
        (("drills", "25", " "), Err(AskError::NoValue)),
        (("drills", "25", "Größe"), Err(AskError::Value)),
        (("drills", "25", "a\nb"), Err(AskError::Value)),
    ] {
        let read = Ask::read(fields.0, fields.1, fields.2);
        let read = read.as_ref().map(|ask| ask.as_ref().map(|a| (a.population, a.size, a.public_value.as_str())));
        assert_eq!(read, expected.as_ref().copied(), "{fields:?}");
    }
    assert!(Ask::new(Population::Gaps, 1, &"7".repeat(100)).is_ok());
    assert_eq!(Ask::new(Population::Gaps, 1, &"7".repeat(101)), Err(AskError::Value));
}

#[test]
fn a_record_of_several_versions_is_one_item() {
    let items = population([("F-2", 3), ("F-1", 1), ("F-1", 9), ("F-3", 4)]);
    let names: Vec<String> = items.iter().map(Item::line).collect();
    assert_eq!(names, [r#"{"id":"F-2","seq":3}"#, r#"{"id":"F-3","seq":4}"#, r#"{"id":"F-1","seq":9}"#]);
    assert_eq!(Item { id: "a\n\"b".into(), seq: 1 }.line(), r#"{"id":"a\n\"b","seq":1}"#, "always one line");
}

#[test]
fn a_small_population_is_taken_whole_and_an_empty_one_not_at_all() {
    let records = [("a", 1), ("b", 2), ("c", 5)];
    let says = |size| Sample::draw(&ask(size, "x"), records, ROOT, 9).expect("a sample").drawn.says();
    assert_eq!(says(2), "2 of 3 attestations");
    assert_eq!(says(3), "all 3 attestations");
    assert_eq!(says(25), "all 3 attestations, fewer than the 25 asked for");
    assert_eq!(Sample::draw(&ask(1, "x"), [], ROOT, 9), None);
}

#[test]
fn a_draw_agrees_with_itself_and_with_nothing_else() {
    let records: Vec<(String, u64)> = (0..40).map(|n| (format!("r{n}"), n)).collect();
    let sample = Sample::draw(&ask(5, "4711"), records.iter().map(|(id, n)| (id.as_str(), *n)), ROOT, 40);
    let Sample { population, drawn } = sample.expect("a sample");
    assert_eq!(drawn.disagreement(&population, ROOT, 40), None);
    let json = serde_json::to_string(&drawn).expect("JSON");
    assert_eq!(serde_json::from_str::<Drawn>(&json).expect("it reads"), drawn);
    assert!(drawn.disagreement(&population[1..], ROOT, 40).expect("refused").contains("has 40 items"));
    assert!(drawn.disagreement(&population, ROOT, 41).expect("refused").contains("another head"));
    assert!(drawn.disagreement(&population, &ROOT.replace('a', "b"), 40).expect("refused").contains("another head"));
}

proptest! {
    #[test]
    fn the_order_of_the_population_does_not_matter(
        mut records in proptest::collection::hash_map("[a-zé\"]{1,8}", 0u64..1000, 1..30),
        size in 1u32..30,
        value in "[ -~]{1,20}",
    ) {
        prop_assume!(!value.trim().is_empty());
        let forward: Vec<(String, u64)> = records.drain().collect();
        let pairs = || forward.iter().map(|(id, seq)| (id.as_str(), *seq));
        let one = Sample::draw(&ask(size, &value), pairs(), ROOT, 7).expect("a sample").drawn;
        let other = Sample::draw(&ask(size, &value), pairs().rev(), ROOT, 7).expect("a sample").drawn;
        prop_assert_eq!(&one.chosen, &other.chosen);
        prop_assert_eq!(one.chosen.len(), forward.len().min(size as usize));
    }
}
