package weights_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/counterpoint/counterpoint/weights"
)

func ExampleNewTensor() {
	t, err := weights.NewTensor("unet/to_q.weight", []int{1, 8}, []float32{-8, 7, -3, 5, 0, 1, -1, 4}, weights.Int4, 8)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("% x, scale % x\n", t.Data, t.Scales)
	fmt.Println(t.Float32s(nil))
	// Output:
	// f0 d5 98 c7, scale 00 3c
	// [-8 7 -3 5 0 1 -1 4]
}

// Streaming a model to a device: each shard's hash has been verified before its
// tensors come, and one shard is in memory at a time.
func ExampleModel_Each() {
	model, err := weights.Open(os.DirFS("scenes"))
	if err != nil {
		log.Fatal(err)
	}
	upload := func(name string, first int, data, scales []byte) error { return nil }
	err = model.Each(context.Background(), func(t weights.Tensor) error {
		return upload(t.Name, t.First, t.Data, t.Scales)
	})
	if err != nil {
		log.Fatal(err)
	}
}
