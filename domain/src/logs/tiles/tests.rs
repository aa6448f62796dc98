use super::*;

#[test]
fn a_tile_is_there_as_far_as_the_log_reaches() {
    let there = |size, level, index, width| within(size, TileId { level, index, width }).is_ok();
    // 70,000 entries: 273 full tiles and 112 hashes at level 0; one full and 17 at level 1; one hash at level 2.
    assert!(there(70_000, 0, 272, 256) && there(70_000, 0, 273, 112) && !there(70_000, 0, 273, 113));
    assert!(there(70_000, 1, 0, 256) && there(70_000, 1, 1, 17) && !there(70_000, 1, 1, 18));
    assert!(there(70_000, 2, 0, 1) && !there(70_000, 2, 0, 2) && !there(70_000, 3, 0, 1));
    assert!(!there(70_000, 63, 0, 1) && !there(u64::MAX, 0, u64::MAX, 256) && !there(0, 0, 0, 1));
}
