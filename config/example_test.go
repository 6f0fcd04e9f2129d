package config_test

import (
	"fmt"

	"github.com/nehrbridge/nehrbridge/config"
)

func ExampleLoadMap() {
	_, err := config.LoadMap("my.yaml", []byte("extends: lk-anc\nzone: Asia/Kolumbo\n"))
	fmt.Println(err)
	// Output:
	// UID map my.yaml: 1 mistake
	// 	my.yaml:2:7: zone: want an IANA time zone such as Asia/Colombo
}
