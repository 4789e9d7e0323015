//! The merge train's orders, each on its own thread.

use crate::schedule::train::TrainAnswer;
use crate::schedule::{Event, Input, UnionBuild};

use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::perform;

/// Tries branches together, on a thread of their own.
pub fn try_union(desk: &Desk, build: UnionBuild) {
    let (project, pool, admin) = (desk.project.clone(), desk.pool.clone(), desk.admin.clone());
    let sender = desk.sender.clone();
    desk.in_background(move || {
        let (said, warning) = perform::try_union(&project, &admin, &pool, &build);
        if let Some(why) = warning {
            let _ = sender.send(EngineMessage::Warning(None, why));
        }
        EngineMessage::Input(Input::Union(build.id, said))
    });
}

/// Carries out an order of the train.
pub fn answer(desk: &Desk, work: impl FnOnce() -> (TrainAnswer, Vec<Event>) + Send + 'static) {
    let sender = desk.sender.clone();
    desk.in_background(move || {
        let (answer, facts) = work();
        for fact in facts {
            let _ = sender.send(EngineMessage::Input(Input::Event(fact)));
        }
        EngineMessage::Input(Input::Train(answer))
    });
}
