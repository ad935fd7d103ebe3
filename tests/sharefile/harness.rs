//! What a case is, and how cases become tests.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use libtest_mimic::{Arguments, Trial};
use tokio::runtime::{Handle, Runtime};

use super::coverage;
use super::stage::Stage;

/// One thing that the client must do.
#[derive(Clone)]
pub(crate) struct Case {
    /// Subject and function, such as `paging::a_link_back_is_refused`.
    pub(crate) name: &'static str,
    /// The line of the list of operations that the case exercises, if that is what it is for.
    pub(crate) operation: Option<&'static str>,
    pub(crate) run: fn(Arc<Stage>) -> BoxFuture<'static, ()>,
}

/// Declares the cases of a file: functions, each with a stage of its own.
macro_rules! cases {
    ($subject:literal { $($case:ident,)* }) => {
        pub(crate) fn cases() -> Vec<$crate::sharefile::harness::Case> {
            vec![$($crate::sharefile::harness::Case {
                name: concat!($subject, "::", stringify!($case)),
                operation: None,
                run: |stage| Box::pin(async move { $case(&stage).await }),
            },)*]
        }
    };
}
pub(crate) use cases;

/// Declares the cases of a file that exercise documented operations: functions by the line of the list.
macro_rules! operations {
    ($($line:literal => $case:ident,)*) => {
        pub(crate) fn cases() -> Vec<$crate::sharefile::harness::Case> {
            vec![$($crate::sharefile::harness::Case {
                name: concat!("operations::", stringify!($case)),
                operation: Some($line),
                run: |stage| Box::pin(async move { $case(&stage).await }),
            },)*]
        }
    };
}
pub(crate) use operations;

/// Nothing in the suite takes this long unless it hangs.
const HANGS: Duration = Duration::from_secs(60);

/// Runs every case, several at once, and the count of the operations.
pub(crate) fn run(cases: &[Case], operations: Vec<Case>) -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Most cases wait for an answer most of the time.
    arguments.test_threads.get_or_insert(8);
    let runtime = Runtime::new().unwrap();
    let mut trials: Vec<_> = cases.iter().map(|case| trial(runtime.handle().clone(), case.clone())).collect();
    let handle = runtime.handle().clone();
    trials.push(Trial::test("coverage::every_documented_operation", move || {
        handle.block_on(coverage::every_documented_operation(&operations));
        Ok(())
    }));
    trials.sort_by(|one, other| one.name().cmp(other.name()));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(runtime: Handle, case: Case) -> Trial {
    Trial::test(case.name, move || {
        runtime.block_on(perform(&case));
        Ok(())
    })
}

/// Runs a case on servers of its own and checks what holds for all cases.
pub(crate) async fn perform(case: &Case) -> Arc<Stage> {
    let stage = Arc::new(Stage::new().await);
    tokio::time::timeout(HANGS, (case.run)(stage.clone())).await.expect("the case hangs");
    stage.check_credentials();
    stage
}
