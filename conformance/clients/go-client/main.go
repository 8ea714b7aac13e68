// Reads the projects of a registry with the client that was generated beside it.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"berth.example/go-client/api"
)

func main() {
	url, username, password := os.Args[1], os.Args[2], os.Args[3]
	signIn := func(_ context.Context, request *http.Request) error {
		request.SetBasicAuth(username, password)
		return nil
	}
	client, err := api.NewClientWithResponses(url, api.WithRequestEditorFn(signIn))
	if err != nil {
		panic(err)
	}
	answer, err := client.ListProjectsWithResponse(context.Background(), &api.ListProjectsParams{})
	if err != nil {
		panic(err)
	}
	fmt.Println((*answer.JSON200)[0].CreationTime.Year())
}
