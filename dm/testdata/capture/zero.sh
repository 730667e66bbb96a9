form 'zero' '0 2048 zero'
