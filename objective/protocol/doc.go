// Package protocol is the conversation between a worker and a trainer: JSON
// objects, one a line, over the trainer's standard input and output. The
// trainer's standard error is the trial's log. Any program in any language
// that speaks it can be an objective.
//
// The trainer says [Hello] first. The worker then sends one [Trial] or [Job]
// at a time. The trainer answers with any number of [Report], [Checkpoint]
// and [Progress] messages and ends with exactly one [Result] or [Failed];
// then it waits for the next. It leaves when its standard input ends, even in
// the middle of a trial: the worker is gone then.
//
//	worker -> trainer
//	{"type":"trial","number":7,"attempt":1,"seed":42,"config":{…},"checkpoint_dir":"…"}
//	{"type":"job","kind":"export","config":{…}}
//	{"type":"stop","reason":"pruned"}
//
//	trainer -> worker
//	{"type":"hello","protocol":1,"name":"hpsearch-trainer","capabilities":["meta-training"]}
//	{"type":"report","number":7,"step":3,"metrics":{"val_loss":0.71}}
//	{"type":"checkpoint","number":7,"step":3,"path":"…"}
//	{"type":"progress","number":7,"step":40,"total":200,"phase":"train"}
//	{"type":"result","number":7,"value":0.69,"metrics":{…},"artifacts":{…}}
//	{"type":"failed","number":7,"reason":"diverged","message":"…"}
//
// A stop that arrives while the trainer has nothing to do concerns work that
// it has just ended: it is ignored. On any other stop the trainer writes a
// checkpoint and ends with Failed, reason "stopped", or with the Result that
// it was about to send. A trial whose checkpoint folder holds a checkpoint
// goes on from there; the trainer looks itself.
//
// Messages that answer a job carry the number [JobNumber].
//
// Fields that a reader does not know are ignored; a type that it does not
// know is an error. JSON has no NaN and no infinities: they are written as
// the strings "NaN", "Infinity" and "-Infinity", and the bare tokens that
// Python's json module writes are read too.
package protocol
