// Command judge says what GitOps tools make of objects: Flux by the kstatus library that it uses, and Argo CD by its
// health script, run by the Lua engine that it uses.
//
// It reads a JSON array of objects on standard input and writes a JSON array of verdicts in the same order. The one
// argument is the script.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// scriptTime bounds a script that does not end. Argo CD allows one second.
const scriptTime = time.Second

type verdict struct {
	// What kstatus says: InProgress, Current, Failed, Terminating.
	Kstatus        string `json:"kstatus"`
	KstatusMessage string `json:"kstatusMessage"`
	// What Argo CD would show: Healthy, Progressing, Suspended, Degraded.
	Argo        string `json:"argo"`
	ArgoMessage string `json:"argoMessage"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: judge SCRIPT < OBJECTS")
	}
	script, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	var objects []map[string]any
	if err := json.NewDecoder(os.Stdin).Decode(&objects); err != nil {
		return fmt.Errorf("objects: %w", err)
	}
	verdicts := []verdict{}
	for i, object := range objects {
		v, err := judge(object, string(script))
		if err != nil {
			return fmt.Errorf("object %d: %w", i, err)
		}
		verdicts = append(verdicts, v)
	}
	return json.NewEncoder(os.Stdout).Encode(verdicts)
}

func judge(object map[string]any, script string) (verdict, error) {
	result, err := status.Compute(&unstructured.Unstructured{Object: numbers(object).(map[string]any)})
	if err != nil {
		return verdict{}, fmt.Errorf("kstatus: %w", err)
	}
	health, message, err := argo(object, script)
	if err != nil {
		return verdict{}, fmt.Errorf("health script: %w", err)
	}
	return verdict{result.Status.String(), result.Message, health, message}, nil
}

// argo runs the script as Argo CD does: with the object as the global obj, and without the libraries that reach out.
func argo(object map[string]any, script string) (health, message string, err error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{
		{lua.BaseLibName, lua.OpenBase},
		{lua.TabLibName, lua.OpenTable},
		{lua.StringLibName, lua.OpenString},
		{lua.MathLibName, lua.OpenMath},
	} {
		state.Push(state.NewFunction(library.open))
		state.Push(lua.LString(library.name))
		if err := state.PCall(1, 0, nil); err != nil {
			return "", "", err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), scriptTime)
	defer cancel()
	state.SetContext(ctx)
	state.SetGlobal("obj", toLua(state, object))
	if err := state.DoString(script); err != nil {
		return "", "", err
	}
	table, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return "", "", fmt.Errorf("it returns a %s, not a table", state.Get(-1).Type())
	}
	return table.RawGetString("status").String(), table.RawGetString("message").String(), nil
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case string:
		return lua.LString(value)
	case bool:
		return lua.LBool(value)
	case float64:
		return lua.LNumber(value)
	case []any:
		table := state.CreateTable(len(value), 0)
		for _, item := range value {
			table.Append(toLua(state, item))
		}
		return table
	case map[string]any:
		table := state.CreateTable(0, len(value))
		for name, item := range value {
			table.RawSetString(name, toLua(state, item))
		}
		return table
	default:
		return lua.LNil
	}
}

// numbers turns whole numbers into int64, as Kubernetes decodes them.
func numbers(value any) any {
	switch value := value.(type) {
	case float64:
		if whole := int64(value); float64(whole) == value {
			return whole
		}
		return value
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = numbers(item)
		}
		return items
	case map[string]any:
		fields := make(map[string]any, len(value))
		for name, item := range value {
			fields[name] = numbers(item)
		}
		return fields
	default:
		return value
	}
}
