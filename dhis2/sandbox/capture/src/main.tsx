import { createRoot } from 'react-dom/client'
import { App } from './App'
import './capture.css'

createRoot(document.getElementById('capture')!).render(<App />)
