//go:build js && wasm

// Command program does what its arguments tell, a word each, for the tests of package main two folders above.
package main

import (
	"fmt"
	"os"
	"strconv"
	"syscall/js"
)

func main() {
	for _, word := range os.Args[1:] {
		switch word {
		case "speak":
			fmt.Println("out", os.Getenv("COUNTERPOINT_TEST_WORD"), os.Getenv("SECRET"))
			fmt.Fprintln(os.Stderr, "err")
		case "panic":
			panic("on purpose")
		case "throw": // in JavaScript, where nobody catches it
			js.Global().Call("setTimeout", js.Global().Get("Function").New("throw new Error('on purpose')"))
		case "open":
			device := openDevice()
			fmt.Println("waiting")
			await(device.Get("lost"))
		case "destroy":
			device := openDevice()
			device.Call("destroy")
			await(device.Get("lost"))
		case "wait":
			fmt.Println("waiting")
			<-make(chan int)
		default:
			code, err := strconv.Atoi(word)
			if err != nil {
				panic(err)
			}
			os.Exit(code)
		}
	}
}

func openDevice() js.Value {
	adapter := await(js.Global().Get("navigator").Get("gpu").Call("requestAdapter"))
	return await(adapter.Call("requestDevice"))
}

func await(promise js.Value) js.Value {
	settled := make(chan js.Value, 1)
	keep := js.FuncOf(func(_ js.Value, args []js.Value) any {
		settled <- args[0]
		return nil
	})
	defer keep.Release()
	promise.Call("then", keep, keep)
	return <-settled
}
