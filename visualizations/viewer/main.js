/** The page begins: who watches what, and what it shows when something has changed. */
import { Page } from './page.js';

new Page().begin();
