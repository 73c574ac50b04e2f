package engine_test

import (
	"context"
	"fmt"
	"log"

	"github.com/counterpoint/counterpoint/engine"
	"github.com/counterpoint/counterpoint/engine/device/cpu"
	"github.com/counterpoint/counterpoint/weights/scenes"
)

// A picture of two concepts from the model that is built in, on the CPU.
func Example() {
	ctx := context.Background()
	device, err := cpu.New(cpu.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer device.Close()
	e, err := engine.Open(ctx, scenes.Model, engine.Options{Device: device})
	if err != nil {
		log.Fatal(err)
	}
	defer e.Close()

	request := engine.Request{Prompt: "a red cube @(0.3, 0.6) AND a blue sphere @(0.7, 0.6)", Seed: 7, Steps: 4}
	for event, err := range e.Generate(ctx, request) {
		if err != nil {
			log.Fatal(err)
		}
		switch event.Phase {
		case engine.Denoising:
			fmt.Printf("step %d of %d\n", event.Step, event.Steps)
		case engine.Done:
			picture := event.Result.Pictures[0]
			fmt.Printf("seed %d: %v\n", picture.Seed, picture.Image.Bounds())
		}
	}
	// Output:
	// step 1 of 4
	// step 2 of 4
	// step 3 of 4
	// step 4 of 4
	// seed 7: (0,0)-(128,128)
}
