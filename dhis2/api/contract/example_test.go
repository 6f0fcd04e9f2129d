package contract_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"

	"github.com/nehrbridge/nehrbridge/dhis2/api"
	"github.com/nehrbridge/nehrbridge/dhis2/api/contract"
	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

func Example() {
	s, err := sandbox.New(sandbox.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	data, err := sandbox.Demo(sandbox.DemoConfig{Mothers: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := s.Load(data); err != nil {
		fmt.Println(err)
		return
	}
	web := httptest.NewServer(s.Handler())
	defer web.Close()
	client, err := api.New(api.Config{BaseURL: web.URL, Token: sandbox.DefaultToken})
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := contract.Run(context.Background(), contract.Config{Server: client, Program: sandbox.ANCProgram})
	if err != nil {
		fmt.Println(err)
		return
	}
	if len(report.Broken()) > 0 {
		_, _ = report.WriteTo(os.Stdout)
	}
	fmt.Println(len(report.Results) > 30, len(report.Broken()))
	// Output: true 0
}
