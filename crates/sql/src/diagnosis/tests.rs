use super::*;

fn reading(asked: i64, said: i64, answered: i64) -> i64 {
    let [asked, said, answered] = [asked, said, answered].map(Timestamp::from_millis);
    Reading { asked, said, answered }.skew_millis()
}

#[test]
fn what_may_have_passed_on_the_way_is_no_skew() {
    assert_eq!(reading(1000, 1000, 1500), 0);
    assert_eq!(reading(1000, 1400, 1500), 0);
    assert_eq!(reading(1000, 1700, 1500), 200);
    assert_eq!(reading(1000, 400, 1500), -600);
}

#[test]
fn columns_of_users_are_known_by_name() {
    for name in ["user_id", "userId", "auth_user_id", "ownerUserID"] {
        assert!(names_a_user(name), "{name}");
    }
    for name in ["id", "user", "user_idea", "userid_old"] {
        assert!(!names_a_user(name), "{name}");
    }
}
