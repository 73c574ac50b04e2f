package session

import (
	"errors"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/compose"
	"github.com/counterpoint/counterpoint/engine/device"
)

// Code tells errors apart for a program.
type Code string

// The codes of error messages.
const (
	BadRequest   Code = "bad_request"
	BadVersion   Code = "version"
	Busy         Code = "busy"
	Syntax       Code = "syntax"
	NoModel      Code = "no_model"
	UnknownModel Code = "unknown_model"
	Mismatch     Code = "mismatch"
	MissingShard Code = "missing_shard"
	CorruptShard Code = "corrupt_shard"
	NoDevice     Code = "no_device"
	DeviceLost   Code = "device_lost"
	OutOfMemory  Code = "out_of_memory"
	PeerLost     Code = "peer_lost"
	Internal     Code = "internal"
)

// codes lists them for the test that compares them with PROTOCOL.md.
var codes = []Code{BadRequest, BadVersion, Busy, Syntax, NoModel, UnknownModel, Mismatch, MissingShard, CorruptShard, NoDevice, DeviceLost,
	OutOfMemory, PeerLost, Internal}

// fault is an error that knows its message to the page.
type fault struct{ failure }

func (f *fault) Error() string { return f.Message }

// explainFailure makes the message about an error; other is the code of errors that none of the rules is about.
func explainFailure(err error, other Code) failure {
	var known *fault
	var syntax *compose.SyntaxError
	var request *engine.RequestError
	var head *headError
	var peer *engine.PeerError
	var mismatch *engine.MismatchError
	f := failure{Message: err.Error()}
	switch {
	case errors.As(err, &known):
		return known.failure
	case errors.As(err, &syntax):
		f.Code, f.Message, f.Hint, f.Field = Syntax, syntax.Msg, syntax.Hint, "prompt"
		f.Column, f.Offset = syntax.Column, &syntax.Offset
	case errors.As(err, &request):
		f.Code, f.Field = BadRequest, request.Field
	case errors.As(err, &head):
		f.Code, f.ID, f.Field = BadRequest, head.id, head.field
	case errors.As(err, &mismatch):
		f.Code, f.Hint = Mismatch, "take a model that was trained on the same autoencoder and noise levels"
	case errors.As(err, &peer):
		f.Code, f.Hint = PeerLost, "make it again with fewer helpers"
	case errors.Is(err, device.ErrLost):
		f.Code, f.Hint = DeviceLost, "take the CPU, or make it again later"
	case errors.Is(err, device.ErrMemory):
		f.Code, f.Hint = OutOfMemory, "make the pictures smaller, or fewer at once"
	default:
		f.Code = other
	}
	return f
}
