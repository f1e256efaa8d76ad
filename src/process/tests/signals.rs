//! What signals do to a child and its group.

use std::os::unix::process::ExitStatusExt;

use rustix::io::Errno;

use super::*;

/// Runs until a signal ends it. On standard error, a shell reports signals to its children.
const GOES_ON: &str = "while :; do sleep 0.01; done 2>/dev/null";

#[test]
fn a_child_that_ignores_sigterm_is_killed_after_the_grace_and_not_before() {
    let grace = Duration::from_millis(300);
    let ((status, took), _) = with_script(&format!("trap '' TERM; echo ready; {GOES_ON}"), 1, |child| {
        let begin = Instant::now();
        (child.terminate(grace).unwrap().unwrap(), begin.elapsed())
    });
    assert_eq!(status.signal(), Some(Signal::KILL.as_raw()));
    assert!(took >= grace && took < AMPLE, "{took:?}");
}

#[test]
fn a_child_that_handles_sigterm_ends_by_itself_and_its_own_status_is_reported() {
    let script = |status: u8| format!("trap 'echo tidied up; exit {status}' TERM; echo ready; {GOES_ON}");
    let ((status, took), logged) = with_script(&script(9), 1, |child| {
        let begin = Instant::now();
        (child.terminate(AMPLE).unwrap().unwrap(), begin.elapsed())
    });
    assert_eq!((status.code(), logged.len()), (Some(9), 2));
    assert!(took < AMPLE, "{took:?}");
    for (status, words) in [(9, ", exit status 9: tidied up"), (0, "success")] {
        // On a busy machine the shortest limit may pass before the trap is set, or before it is through.
        let mut ends =
            [1, 4, 16].into_iter().map(|seconds| run_script(&script(status), Duration::from_secs(seconds)).0);
        let end = ends.find(|end| !end.starts_with("killed")).unwrap();
        assert!(end.ends_with(words) && (end == words || end.starts_with("terminated after ")), "{end}");
    }
}

#[test]
fn a_child_that_sigterm_ends_counts_as_killed_by_the_limit() {
    let begin = Instant::now();
    assert_eq!(run_words(&["sleep", "300"], &[], Duration::from_secs(2)).0, "killed after 2s");
    assert!(begin.elapsed() < AMPLE);
}

#[test]
fn the_rest_of_the_group_has_the_grace_to_end_when_the_childs_own_process_has_ended() {
    let script = format!("(trap 'sleep 0.2; echo tidied up; exit' TERM; echo ready; {GOES_ON}) & wait");
    let (status, logged) = with_script(&script, 1, |child| child.terminate(Duration::from_secs(5)).unwrap().unwrap());
    assert_eq!(status.signal(), Some(Signal::TERM.as_raw()));
    assert_eq!(logged, ["on-promote: ready", "on-promote: tidied up"]);
}

#[test]
fn what_is_left_of_the_group_after_the_grace_is_killed_though_the_childs_own_process_has_ended() {
    let script = "trap 'exit 9' TERM; (trap '' TERM; sleep 300 & echo $!; wait) & wait";
    let (status, logged) =
        with_script(script, 1, |child| child.terminate(Duration::from_millis(300)).unwrap().unwrap());
    assert_eq!(status.code(), Some(9));
    assert!(Left::told_in(&logged).unwrap().ends());
}

#[test]
fn a_forwarded_signal_reaches_every_process_of_the_group_and_no_child_that_has_ended() {
    let inner = format!("trap 'echo inner; exit' USR1; echo ready; {GOES_ON}");
    let script = format!("trap 'echo outer' USR1; ({inner}) & {GOES_ON}");
    let ((), mut logged) = with_script(&script, 1, |child| {
        child.forward(Signal::USR1).unwrap();
        writes(child, 3);
        child.terminate(AMPLE).unwrap().unwrap();
        assert_eq!(child.forward(Signal::USR1).unwrap_err().raw_os_error(), Some(Errno::SRCH.raw_os_error()));
    });
    logged.sort();
    assert_eq!(logged, ["inner", "outer", "ready"].map(|line| format!("on-promote: {line}")));
}
