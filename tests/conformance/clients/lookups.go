// Looks a name up, so many times, so many milliseconds apart, and says what it got.
package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

func main() {
	times, _ := strconv.Atoi(os.Args[2])
	every, _ := strconv.Atoi(os.Args[3])
	for n := 0; n < times; n++ {
		found, err := net.LookupHost(os.Args[1])
		if err != nil {
			fmt.Println("none")
		} else {
			fmt.Println(found[0])
		}
		time.Sleep(time.Duration(every) * time.Millisecond)
	}
}
