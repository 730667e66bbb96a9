cd /tmp/wt/storemodel/store; export CGO_ENABLED=0 GOFLAGS=-p=1
nice -n 19 go test -c -o /tmp/wt/storemodel/.st.test . && nice -n 19 /tmp/wt/storemodel/.st.test -test.run "$1" -test.v 2>&1 | cut -c1-300 
