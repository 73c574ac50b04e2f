package session

import (
	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/compose"
)

// Version is the version of the protocol.
const Version = 1

// The ids that pages may choose are below maxPageID; from there on an engine chooses those of what it asks of helpers.
const (
	maxPageID = 1<<52 - 1
	maxID     = 1<<53 - 1
)

// A message is the head of one kind of message. Its fields are those of PROTOCOL.md; those without omitempty are required.
type message interface{ kind() string }

// incoming are the messages an engine takes, by their type.
var incoming = map[string]func() message{
	"open":      func() message { return new(open) },
	"shard":     func() message { return new(shard) },
	"with":      func() message { return new(with) },
	"generate":  func() message { return new(generate) },
	"cancel":    func() message { return new(cancel) },
	"explain":   func() message { return new(explain) },
	"info":      func() message { return new(info) },
	"close":     func() message { return new(closeModel) },
	"assist":    func() message { return new(assist) },
	"score":     func() message { return new(score) },
	"scores":    func() message { return new(scores) },
	"cancelled": func() message { return new(cancelled) }, // of a helper
	"error":     func() message { return new(failure) },   // of a helper
}

// frames says how many frames the incoming messages have that have any: least and most.
var frames = map[string][2]int{"open": {1, 1}, "with": {0, 1}, "shard": {0, 1}, "generate": {0, 2}, "score": {1, 1}, "scores": {1, 1}}

type (
	open struct {
		ID       int64  `json:"id"`
		Protocol int    `json:"protocol"`
		Device   string `json:"device,omitempty"`
	}
	with struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	}
	shard struct {
		ID    int64  `json:"id"`
		Name  string `json:"name"`
		Error string `json:"error,omitempty"`
	}
	generate struct {
		ID           int64          `json:"id"`
		Request      engine.Request `json:"request"`
		PreviewEvery int            `json:"preview_every,omitempty"`
		MapsEvery    int            `json:"maps_every,omitempty"`
		Output       []string       `json:"output,omitempty"`
		Plain        bool           `json:"plain,omitempty"`
		Peers        int            `json:"peers,omitempty"`
		Image        *pictureSize   `json:"image,omitempty"`
		MaskImage    *pictureSize   `json:"mask_image,omitempty"`
	}
	cancel struct {
		ID   int64 `json:"id"`
		Keep bool  `json:"keep,omitempty"`
		Peer *int  `json:"peer,omitempty"`
	}
	explain struct {
		ID      int64          `json:"id"`
		Request engine.Request `json:"request"`
	}
	info struct {
		ID int64 `json:"id"`
	}
	closeModel struct {
		ID int64 `json:"id"`
	}
	assist struct {
		ID      int64          `json:"id"`
		Peer    int            `json:"peer"`
		Model   string         `json:"model"`
		Request engine.Request `json:"request"`
		Rows    []int          `json:"rows"`
	}
	score struct {
		ID   int64   `json:"id"`
		Peer int     `json:"peer"`
		T    float64 `json:"t"`
	}
	scores struct {
		ID   int64   `json:"id"`
		Peer int     `json:"peer"`
		T    float64 `json:"t"`
	}
)

// Messages to the page.
type (
	ready struct {
		Protocol int      `json:"protocol"`
		Version  string   `json:"version"`
		Devices  []string `json:"devices"`
	}
	deviceOpened struct {
		ID     int64      `json:"id"`
		Device deviceInfo `json:"device"`
	}
	deviceLost struct {
		ID      int64  `json:"id"`
		Step    int    `json:"step"`
		Message string `json:"message"`
	}
	need struct {
		ID     int64  `json:"id"`
		Model  string `json:"model,omitempty"`
		Name   string `json:"name"`
		Bytes  int64  `json:"bytes"`
		SHA256 string `json:"sha256"`
		Fault  string `json:"fault,omitempty"`
	}
	loading struct {
		ID    int64  `json:"id"`
		Model string `json:"model,omitempty"`
		Done  int64  `json:"done"`
		Total int64  `json:"total"`
	}
	opened struct {
		ID     int64      `json:"id"`
		Model  modelInfo  `json:"model"`
		Device deviceInfo `json:"device"`
	}
	named struct {
		ID     int64       `json:"id"`
		Models []modelInfo `json:"models"`
	}
	event struct {
		ID      int64    `json:"id"`
		Phase   string   `json:"phase"`
		Step    int      `json:"step"`
		Steps   int      `json:"steps"`
		Elapsed float64  `json:"elapsed"`
		Left    *float64 `json:"left,omitempty"`
	}
	preview struct {
		ID     int64 `json:"id"`
		Index  int   `json:"index"`
		Step   int   `json:"step"`
		Width  int   `json:"width"`
		Height int   `json:"height"`
	}
	termMaps struct {
		ID     int64 `json:"id"`
		Index  int   `json:"index"`
		Step   int   `json:"step"`
		Width  int   `json:"width"`
		Height int   `json:"height"`
		Rows   []int `json:"rows"`
	}
	picture struct {
		ID     int64             `json:"id"`
		Index  int               `json:"index"`
		Seed   uint64            `json:"seed"`
		Width  int               `json:"width"`
		Height int               `json:"height"`
		Output []string          `json:"output"`
		Places [][]engine.Placed `json:"places"`
		Lifts  []engine.Lift     `json:"lifts,omitempty"`

		Ancestor *int `json:"ancestor,omitempty"`
	}
	done struct {
		ID        int64               `json:"id"`
		Request   engine.Request      `json:"request"`
		Model     engine.ModelInfo    `json:"model"`
		Models    []engine.NamedModel `json:"models,omitempty"`
		Rows      []compose.Row       `json:"rows"`
		Warnings  []warning           `json:"warnings"`
		Accepted  float64             `json:"accepted,omitempty"`
		Effective float64             `json:"effective,omitempty"`
		Elapsed   float64             `json:"elapsed"`
	}
	cancelled struct {
		ID   int64 `json:"id"`
		Peer *int  `json:"peer,omitempty"`
	}
	explained struct {
		ID          int64             `json:"id"`
		Request     engine.Request    `json:"request"`
		Tree        *node             `json:"tree"`
		Rows        []compose.Row     `json:"rows"`
		Places      [][]engine.Placed `json:"places"`
		Chunks      []int             `json:"chunks"`
		Formula     string            `json:"formula"`
		Guidance    float64           `json:"guidance"`
		Asked       float64           `json:"asked"`
		Evaluations int               `json:"evaluations"`
		Warnings    []warning         `json:"warnings"`
	}
	infoAnswer struct {
		ID       int64       `json:"id"`
		Protocol int         `json:"protocol"`
		Version  string      `json:"version"`
		Devices  []string    `json:"devices"`
		Model    *modelInfo  `json:"model,omitempty"`
		Models   []modelInfo `json:"models"`
		Device   *deviceInfo `json:"device,omitempty"`
		Memory   uint64      `json:"memory"`
	}
	closed struct {
		ID int64 `json:"id"`
	}
	failure struct {
		ID      int64  `json:"id,omitempty"`
		Code    Code   `json:"code"`
		Message string `json:"message"`
		Hint    string `json:"hint,omitempty"`
		Field   string `json:"field,omitempty"`
		Column  int    `json:"column,omitempty"`
		Offset  *int   `json:"offset,omitempty"`
		Name    string `json:"name,omitempty"`
		Peer    *int   `json:"peer,omitempty"`
	}
)

// Objects in messages.
type (
	modelInfo struct {
		As          string         `json:"as,omitempty"`
		Name        string         `json:"name"`
		Hash        string         `json:"hash"`
		Profile     string         `json:"profile"`
		License     string         `json:"license,omitempty"`
		Attribution string         `json:"attribution,omitempty"`
		Defaults    engine.Request `json:"defaults"`
		Vocabulary  []string       `json:"vocabulary"`
		Samplers    []string       `json:"samplers"`
		Multiple    int            `json:"multiple"`
		Places      bool           `json:"places"`
		Previews    bool           `json:"previews"`
		Images      bool           `json:"images"`
		WeightBytes int64          `json:"weight_bytes"`
	}
	deviceInfo struct {
		Name     string       `json:"name"`
		Adapter  string       `json:"adapter"`
		Why      string       `json:"why"`
		SelfTest []selfTested `json:"self_test"`
	}
	selfTested struct {
		Operator string  `json:"operator"`
		Error    float64 `json:"error"`
	}
	warning struct {
		compose.Pos
		Kind    compose.WarningKind `json:"kind"`
		Message string              `json:"message"`
		Hint    string              `json:"hint,omitempty"`
		Word    string              `json:"word,omitempty"`
		Instead string              `json:"instead,omitempty"`
	}
	node struct {
		Op       string          `json:"op"`
		Column   int             `json:"column"`
		Span     compose.Span    `json:"span"`
		Body     string          `json:"body,omitempty"`
		Model    string          `json:"model,omitempty"`
		Text     string          `json:"text,omitempty"`
		Place    *compose.Place  `json:"place,omitempty"`
		Region   *compose.Region `json:"region,omitempty"`
		Range    *compose.Range  `json:"range,omitempty"`
		Weight   float64         `json:"weight"`
		Operands []*node         `json:"operands,omitempty"`
	}
)

func (open) kind() string         { return "open" }
func (with) kind() string         { return "with" }
func (shard) kind() string        { return "shard" }
func (generate) kind() string     { return "generate" }
func (cancel) kind() string       { return "cancel" }
func (explain) kind() string      { return "explain" }
func (info) kind() string         { return "info" }
func (closeModel) kind() string   { return "close" }
func (assist) kind() string       { return "assist" }
func (score) kind() string        { return "score" }
func (scores) kind() string       { return "scores" }
func (ready) kind() string        { return "ready" }
func (deviceOpened) kind() string { return "device" }
func (deviceLost) kind() string   { return "lost" }
func (need) kind() string         { return "need" }
func (loading) kind() string      { return "loading" }
func (opened) kind() string       { return "opened" }
func (named) kind() string        { return "named" }
func (event) kind() string        { return "event" }
func (preview) kind() string      { return "preview" }
func (termMaps) kind() string     { return "maps" }
func (picture) kind() string      { return "picture" }
func (done) kind() string         { return "done" }
func (cancelled) kind() string    { return "cancelled" }
func (explained) kind() string    { return "explained" }
func (infoAnswer) kind() string   { return "info" }
func (closed) kind() string       { return "closed" }
func (failure) kind() string      { return "error" }
